"""What is done for a room, in a process of its own: plain values in and out."""
