"""The written and generated exchanges that coach-mini learns from.

Every sentence is our own. `topics`, `messages.toml`, `volunteer.toml` and `replies` hold the grammar's
words, `pairs` joins them to exchanges, `heldout` keeps what no training example may contain. Standard
library only: neither Django nor torch.
"""
