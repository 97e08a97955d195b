"""A page for people who look and listen: its server, and what the browser loads (``page/``)."""
