"""Steering: a language model's answers moved along one direction, by a dial that says how far is safe.

A library of its own: torch, transformers' models and safetensors, no Django and nothing of the house.

    pairs        contrast pairs of a behaviour            -> list[Pair]
    reading      pairs + model                            -> directions and their separability by layer
    vectors      SteeringVector: file, arithmetic, gguf
    injection    Injection: installed once at load, strengths set per request
    continuous   the same under transformers' continuous batching
    calibration  sweep, laws, end stop                    -> report.json, vector.safetensors, page

After Wolf et al., "Tradeoffs Between Alignment and Helpfulness in Language Models with Representation
Engineering", arXiv 2401.16332. The modules import torch; this one does not.
"""
