"""What a page may ask for, by room."""
