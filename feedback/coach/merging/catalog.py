"""The methods: what each does, its parameters with the defaults as published, and where it is from.

θ0 is the base, θt an expert of T, τt = θt − θ0 its task vector.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RULES = ("paper", "mergekit")

# What a parameter means, and the range or the words that it may take.
PARAMETERS: dict[str, tuple[str, tuple[float, float] | tuple[str, ...]]] = {
    "lambda": ("scale of the merged task vector", (-10.0, 10.0)),
    "alpha": ("scale of the merged task vector", (-10.0, 10.0)),
    "density": ("share of entries kept", (0.0, 1.0)),
    "drop": ("share of entries dropped at random", (0.0, 0.999)),
    "window": ("half width of the keep probabilities around the density", (0.0, 0.5)),
    "gamma": ("share of largest entries left out", (0.0, 1.0)),
    "beta": ("share of the remaining entries kept", (0.0, 1.0)),
    "cosine": ("which mean over pairs of experts gives the angle", ("mean", "angle")),
    "outliers": ("what happens to entries far out in their row", ("damp", "off", "amplify")),
    "cutoff": ("robust z-score from which an entry is an outlier", (0.01, float("inf"))),
}


@dataclass(frozen=True)
class Method:
    """`weights`: experts may be weighted; `in_mergekit`: `rule = "mergekit"` exists for it."""

    name: str
    sentence: str
    source: str
    defaults: dict[str, float | str] = field(default_factory=dict)
    weights: bool = True
    in_mergekit: bool = True
    at_least: int = 1


_ALL = (
    Method("average", "The mean of the experts.", "Wortsman et al. 2022, arXiv 2203.05482", weights=False),
    Method(
        "rewarded_soup",
        "A weighted mean of the experts; the weights, made to sum to 1, are tuned on validation data.",
        "Ramé et al. 2023, arXiv 2306.04488",
    ),
    Method(
        "model_stock",
        "Between base and mean, per tensor, as far as the angle between the task vectors says.",
        "Jang et al. 2024, arXiv 2403.19522",
        {"cosine": "mean"},
        weights=False,
        at_least=2,
    ),
    Method(
        "task_arithmetic",
        "The base plus λ times the sum of the task vectors.",
        "Ilharco et al. 2023, arXiv 2212.04089",
        {"lambda": 0.3},
    ),
    Method(
        "ties",
        "Keeps the largest entries of each whole task vector, elects a sign per entry, "
        "and averages those that agree with it.",
        "Yadav et al. 2023, arXiv 2306.01708",
        {"density": 0.2, "lambda": 1.0},
    ),
    Method(
        "dare",
        "Drops entries of each task vector at random, scales up the rest, and adds them.",
        "Yu et al. 2024, arXiv 2311.03099",
        {"drop": 0.9, "lambda": 1.0},
    ),
    Method(
        "dare_ties",
        "DARE's random drop, then TIES' elected signs and mean of those that agree.",
        "Yu et al. 2024, arXiv 2311.03099",
        {"drop": 0.5, "lambda": 0.5},
    ),
    Method(
        "della",
        "Drops entries at random, small ones of a row more often, then elects signs as TIES does.",
        "Deep et al. 2024, arXiv 2406.11617",
        {"density": 0.7, "window": 0.07, "lambda": 1.1},
    ),
    Method(
        "della_linear",
        "DELLA's drop by magnitude, then the plain sum.",
        "Deep et al. 2024, arXiv 2406.11617",
        {"density": 0.7, "window": 0.07, "lambda": 1.1},
    ),
    Method(
        "breadcrumbs",
        "Leaves out both the largest and the small entries of every row, and adds the rest.",
        "Davari and Belilovsky 2024, arXiv 2312.06795",
        {"gamma": 0.01, "beta": 0.2, "alpha": 0.4},
    ),
    Method(
        "breadcrumbs_ties",
        "Breadcrumbs, then the sum of the entries that agree with an elected sign.",
        "Davari and Belilovsky 2024, arXiv 2312.06795; the election as in mergekit",
        {"gamma": 0.01, "beta": 0.2, "alpha": 0.4},
    ),
    Method(
        "tsvm",
        "Takes each matrix's leading singular directions per expert, makes those of different experts "
        "orthogonal, and adds them; other tensors are averaged.",
        "Gargiulo et al. 2025, arXiv 2412.00081",
        {"alpha": 1.0},
        weights=False,
        in_mergekit=False,
    ),
    Method(
        "rtsvm",
        "tsvm after damping outliers, with ranks shared out by how dense an expert's change is. Our "
        "formulation of the abstract's two ideas, not the authors' method.",
        "after the abstract of Yang et al. 2025, arXiv 2502.06876",
        {"outliers": "damp", "cutoff": 3.0, "alpha": 1.0},
        weights=False,
        in_mergekit=False,
    ),
)
METHODS = {method.name: method for method in _ALL}


def listing() -> str:
    """Every method as people read it: name, sentence, defaults, source."""
    lines = []
    for method in _ALL:
        defaults = ", ".join(f"{name} = {value}" for name, value in method.defaults.items()) or "none"
        lines += [method.name, f"    {method.sentence}", f"    defaults: {defaults}", f"    {method.source}"]
    return "\n".join(lines)
