# `make demo` and `make test` work from a fresh clone. Both install into .venv once; later runs reuse it.
#
#   make demo SOUNDS=folder    the demo on your own recordings
#   make demo PYTHON=python3.12
#   make test PIP_FLAGS='--extra-index-url https://download.pytorch.org/whl/cpu'    torch without CUDA on Linux

PYTHON ?= python3
PIP_FLAGS ?=
SOUNDS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4

.PHONY: demo test test-slow check bench docs notebooks clean

demo: $(VENV)/.demo
	$(BIN)/auricle demo $(if $(SOUNDS),"$(SOUNDS)") --out demo-out --force

test: $(VENV)/.test
	$(PYTEST)

test-slow: $(VENV)/.test
	$(PYTEST) -m slow

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest tests/test_imports.py

# The short ones, less than ten minutes together, then the page of all results. benchmarks/memory.py codes an hour of
# sound, benchmarks/quality.py wants a folder of sounds.
bench: $(VENV)/.test
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/training.py --threads 1 --steps 40
	$(BIN)/python benchmarks/adversary.py --steps 9
	$(BIN)/python benchmarks/loading.py --batches 50 --steps 25
	$(BIN)/python benchmarks/page.py

# The site, in build/site: open build/site/index.html. Nothing in it is fetched from elsewhere.
docs: $(VENV)/.docs
	$(BIN)/python tools/site_pages.py assemble build/docs
	$(BIN)/zensical build --clean -f zensical.toml
	$(BIN)/python tools/site_pages.py check build/site

# What is in notebooks/ as .ipynb files beside them, with what they print and draw. Takes about a quarter of an hour.
notebooks: $(VENV)/.docs
	cd notebooks && ../$(BIN)/jupytext --to ipynb *.py && ../$(BIN)/jupyter-execute --inplace *.ipynb

clean:
	rm -rf $(VENV) demo-out

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Auricle needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[train,classify,synth]'
	touch $@

$(VENV)/.docs: $(VENV)/.demo
	$(PIP) -e '.[train,classify,synth,docs]'
	touch $@

# PESQ is compiled: where there is no C compiler, the tests that need it are skipped. So are those of judges that are gone,
# and those of pages where npm can't fetch the runtime of browsers.
$(VENV)/.test: $(VENV)/.demo
	$(PIP) -e '.[train,classify,synth,hub,studio,test]'
	-$(PIP) -e '.[bench]'
	-$(PIP) -e '.[judges]'
	-$(PIP) -e '.[export]'
	-$(PIP) ./web
	-$(PIP) --no-deps Resemblyzer==0.1.4
	touch $@
