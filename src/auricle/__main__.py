"""``python -m auricle`` is the command ``auricle``."""

from auricle.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
