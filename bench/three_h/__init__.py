"""Merges against mixtures: which model is helpful, honest and harmless at once."""
