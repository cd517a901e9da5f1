"""Measurements that a person can repeat: `make bench` prints each figure with its limit."""
