"""What is minimised: the only place where losses are weighted."""
