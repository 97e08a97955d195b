"""How a prior is taught, and whether its autoencoder is good enough."""
