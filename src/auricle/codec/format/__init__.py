"""The bytes of an .aur file. docs/format.md is the norm."""
