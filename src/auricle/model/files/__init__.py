"""Model files: reading what nobody vouches for, writing, and the models that are shipped."""
