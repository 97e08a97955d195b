"""Stateless signal functions."""
