"""Devices, processes, optimisers and batches: what a step of training runs on."""
