"""Merging measured: time and peak memory of ours beside mergekit, on random checkpoints made on the spot."""
