"""Public functions that join several rooms of the house. Each command-line verb calls one of these."""
