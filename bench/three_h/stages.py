"""The stages: tuning on validation items, screening everything on test items, the finalists at full size.

The finalists are chosen by a rule that was fixed before the screening: the base, the three experts, the
mixtures of every training seed, `tsvm`, `rtsvm`, of the other merges of full fine-tunes the one that screened
best, and the best of the merges of LoRA experts; each with the setting that the validation items chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.three_h.found import Found, Measuring
from bench.three_h.tries import LORA, LORA_MERGES, MERGES, MIXTURES, TRIES, TUNED_MIXTURES, Try, arm_of
from feedback.coach.experts.compared import differences, gaps, holm, summary
from feedback.coach.experts.items import AIMS

ALWAYS = ("tsvm", "rtsvm")
LORA_EXPERTS = tuple(f"{aim}{LORA}" for aim in AIMS)
EXPERTS = (*AIMS, "harmless-dpo", *LORA_EXPERTS)


@dataclass(frozen=True)
class Sizes:
    """Items for each aim: to tune, to screen, and of a finalist for each training seed."""

    tune: int = 120
    screen: int = 1000
    final: int = 800
    seeds: int = 5


def least(found: Found) -> float:
    """The primary measure: the smallest of the three shares, 0 to 1; over-refusal has no part in it."""
    return min(float(found[aim].mean()) for aim in AIMS)


def tuned(measuring: Measuring, sizes: Sizes) -> dict[str, dict[str, Any]]:
    """By arm: each try's minimum on validation items, and the place of the best, the first of equals."""
    every = [one for tries in TRIES.values() for one in tries]
    found = measuring.all(
        {one.name: partial(measuring.of_try, one, 0, "validation", 0, sizes.tune) for one in every}
    )
    told = {}
    for arm, tries in TRIES.items():
        scores = [least(found[one.name]) for one in tries]
        best = int(np.argmax(scores))
        told[arm] = {"scores": scores, "settings": [one.setting for one in tries], "best": best}
    return told


def screened(measuring: Measuring, sizes: Sizes, tuning: dict[str, dict[str, Any]]) -> dict[str, Found]:
    """Every arm of training seed 0 on the test's items."""
    where = {"base": measuring.base}
    where |= {name: measuring.trained(0) / name for name in (*EXPERTS, *MIXTURES)}
    args = ("test", 0, sizes.screen)
    calls = {
        name: partial(measuring.of_folder, name if name == "base" else f"{name}@0", path, *args)
        for name, path in where.items()
        if any((path / weights).is_file() for weights in ("model.safetensors", "adapter_model.safetensors"))
    }
    tries = [one for arm in TRIES for one in _both(arm, tuning) if one.name not in calls]
    return measuring.all(calls | {one.name: partial(measuring.of_try, one, 0, *args) for one in tries})


def finalists(found: dict[str, Found], tuning: dict[str, dict[str, Any]]) -> list[str]:
    """Names of the eleven that the rule takes, `found` being the screening and `tuning` what `tuned` gave.

    Raises KeyError where an arm was not screened with the setting that was chosen for it."""
    chosen = {arm: TRIES[arm][one["best"]].name for arm, one in tuning.items()}
    others = tuple(arm for arm in MERGES if arm not in ALWAYS)
    best = [
        max((chosen[arm] for arm in arms), key=lambda name: least(found[name]))
        for arms in (others, LORA_MERGES)
    ]
    return ["base", *AIMS, *(chosen[arm] for arm in (*TUNED_MIXTURES, *ALWAYS)), *best]


def final(measuring: Measuring, sizes: Sizes, names: list[str]) -> dict[str, list[Found]]:
    """Each finalist with every training seed, on items of that seed; the base is the same model each time."""
    tries = {one.name: one for many in TRIES.values() for one in many}
    calls = {}
    for seed in range(sizes.seeds):
        for name in names:
            args = ("test", 100 + seed, sizes.final)
            trained = measuring.trained(seed)
            if name == "base":
                call = partial(measuring.of_folder, name, measuring.base, *args)
            elif (trained / name).is_dir():
                call = partial(measuring.of_folder, f"{name}@{seed}", trained / name, *args)
            else:
                call = partial(measuring.of_try, tries[name], seed, *args)
            calls[name, seed] = call
    found = measuring.all(calls)
    return {name: [found[name, seed] for seed in range(sizes.seeds)] for name in names}


def told(found: dict[str, list[Found]], reference: str) -> dict[str, Any]:
    """Figures of the finalists. Draws resample training seeds, then items; differences are paired."""
    joined = {name: joined_up(parts) for name, parts in found.items()}
    seeds = len(next(iter(found.values())))
    own = {aim: float(joined[aim][aim].mean()) for aim in AIMS}
    models = {name: summary(one, own, seeds=seeds) for name, one in joined.items()}
    for name, parts in found.items():
        models[name]["by_seed"] = [least(part) for part in parts]
    return {
        "models": models,
        "compared_with": reference,
        "differences": differences(joined, reference, seeds=seeds),
    }


def joined_up(parts: list[Found]) -> Found:
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def conflicts(found: dict[str, list[Found]]) -> dict[str, dict[str, Any]]:
    """What training for one aim does to each: the expert's share less the base's, with its interval and p;
    `p_holm` over the six pairs of an expert and an aim that is not its own."""
    base = joined_up(found["base"])
    seeds = len(found["base"])
    told = {expert: gaps(joined_up(found[expert]), base, seeds=seeds) for expert in AIMS}
    return corrected(told)


def corrected(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    crossed = {(one, aim): told[one][aim]["p"] for one in told for aim in AIMS if aim != one}
    for (one, aim), p in holm(crossed).items():
        told[one][aim]["p_holm"] = p
    return told


def gap(found: dict[str, list[Found]], ours: tuple[str, ...], plain: tuple[str, ...]) -> dict[str, Any]:
    """One finalist less another on the minimum, paired, with the names of both: the first of the arms `ours`
    and of the arms `plain`."""
    one, other = (next(name for name in found if arm_of(name) in arms) for arms in (ours, plain))
    two = {name: joined_up(found[name]) for name in (one, other)}
    return {"plain": other, "ours": one, **differences(two, other, seeds=len(found[other]))[one]}


def _both(arm: str, tuning: dict[str, dict[str, Any]]) -> list[Try]:
    """As published, and as tuned where that is another setting."""
    tries = TRIES[arm]
    best = tuning[arm]["best"]
    return [tries[0]] if best == 0 else [tries[0], tries[best]]
