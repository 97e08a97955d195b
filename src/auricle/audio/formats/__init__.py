"""One file per library or container that sound is read from."""
