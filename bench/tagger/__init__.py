"""The shipped tagger's speed, memory and steadiness against two peers, each in a process of its own.

Peers: a `transformers` pipeline with the same weights in fp32, and a `sentence-transformers` encoder with a
logistic head. `python -m bench.tagger` measures, prints a table and, with `--write`, docs/tagger_speed.md.
"""
