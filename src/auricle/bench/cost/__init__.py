"""What a codec costs: memory, speed and size, measured in a process of its own."""
