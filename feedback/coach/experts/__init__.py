"""Helpful, honest, harmless: data of our own, experts trained on it, and how far each model is all three.

    scenes     a seeker's message on a topic, and what it says          -> Scene
    items      a prompt, the better and the worse reply, by aim         -> Item
    asking     an item as tokens for any causal language model
    learning   fine-tunes by example or by preference, in legs
    arms       what is trained: an expert for each aim, and mixtures of their data
    ranking    which reply a model prefers                              -> one right or wrong for each item
    compared   means with intervals, differences with Holm's correction

Topics, templates and wordings of the test are outside training, not only its items. torch and tokenizers, no
Django; transformers is imported where a model is loaded.
"""
