"""Merging: fine-tunes of one base model into one model, tensor by tensor, with no training.

A library of its own: torch, safetensors and numpy, no Django, no transformers, nothing of the house.

    catalog      the thirteen methods: a sentence, defaults, source
    recipe       a TOML file                               -> Recipe
    checkpoints  a folder of safetensors, memory-mapped; adapters: a LoRA adapter over its base
    checks       what makes inputs fit each other, refused otherwise
    averaging, sparsifying, election, spectral, outliers   the methods' arithmetic
    engine       merge(recipe, output): streaming, resumable, atomic
    plan         what a merge would read, write and need, without merging

Methods follow the papers named in `catalog`; `rule = "mergekit"` follows mergekit 0.1.5 where it differs.
`rtsvm` is our formulation of two ideas in the abstract of arXiv 2502.06876, not the authors' method: their
text could not be read. The modules import torch; this one does not.
"""
