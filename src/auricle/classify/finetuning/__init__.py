"""Training the encoder itself on labels."""
