"""The server: who may ask, where things lie, what runs in processes of its own."""
