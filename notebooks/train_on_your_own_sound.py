# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train on your own sound
#
# A model of one voice or one instrument needs fewer bits than one for everything. Minutes of recordings and minutes
# of time are enough to hear it.

# %%
from pathlib import Path

import auricle

# %% tags=["parameters"]
SOUNDS = Path(auricle.__file__).parent / "demo" / "sounds"  # put your own folder here
PRESET, BASE, BUDGET, BATCH = "speech", "auto", "5m", None
OUT = Path("train_on_your_own_sound")

# %% [markdown]
# Ask first what is wrong with the folder: clipped or silent files, duplicates, files that can't be read.

# %%
OUT.mkdir(exist_ok=True)
report = auricle.doctor(SOUNDS)
for verdict in report.verdicts:
    print(f"{verdict.level.value}: {verdict.text}")

# %% [markdown]
# Then train. One file in ten is held out (or those in a subfolder `valid`). The run starts from the shipped model
# of the preset, so minutes are enough. `OUT/mine.run/run.html` shows curves and sounds while it works.

# %%
result = auricle.train(
    SOUNDS,
    out=OUT / "mine.auricle.safetensors",
    base=BASE,
    budget=BUDGET,
    options=auricle.TrainingOptions(preset=PRESET, batch=BATCH, trackers="none"),
    force=True,
)
print(f"{result.steps} steps in {result.seconds:.0f} s, {result.audio_per_second:.1f} s of sound a second")
print(f"{len(result.corpus.sounds)} files, held out: {[sound.name for sound in result.held_out]}")

# %% [markdown]
# The table is measured on real compressed files of sounds that the model never saw, the model it began with beside
# it.

# %%
for row in result.table:
    print(row)

# %% [markdown]
# The result is one file. It says what it is, and whoever gets your `.aur` files needs it.

# %%
summary = auricle.info(OUT / "mine.auricle.safetensors")
print(summary.parameters, "parameters,", summary.bytes, "bytes,", summary.fingerprint[:16])
