"""Small classifiers of features, and how sure they may be."""
