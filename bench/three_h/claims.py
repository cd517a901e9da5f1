"""What the figures say, in sentences that are made from them: nothing here knows how it came out."""

from __future__ import annotations

from typing import Any

from bench.three_h.tries import LORA_MERGES, MERGES, MIXTURES, arm_of
from feedback.coach.experts.items import AIMS

SURE = 0.05


def winner(report: dict[str, Any]) -> str:
    """By the primary measure, of the base, the mixtures and the merges among the finalists."""
    models = report["final"]["models"]
    return max((name for name in models if name not in AIMS), key=lambda name: models[name]["minimum"])


def sentences(report: dict[str, Any]) -> list[str]:
    models, gaps = report["final"]["models"], report["final"]["differences"]
    reference = report["final"]["compared_with"]
    merges = [name for name in models if arm_of(name) in MERGES]
    best = max(merges, key=lambda name: models[name]["minimum"])
    adapters = next(name for name in models if arm_of(name) in LORA_MERGES)
    first = winner(report)
    said = [
        f"By the primary measure {first} is first ({models[first]['minimum']:.3f}); the base has "
        f"{models['base']['minimum']:.3f}, the mixture {reference} {models[reference]['minimum']:.3f}, "
        f"the best merge of full fine-tunes, {best}, {models[best]['minimum']:.3f}, and the merge of LoRA "
        f"experts, {adapters}, {models[adapters]['minimum']:.3f}.",
        f'"Merging beats mixing" {_held(gaps[best])}, of full fine-tunes: {best} less {reference}, '
        f"{_told(gaps[best])}. " + _beside_1x(report),
        _adapters(report, adapters),
        _means(report, merges),
        _rtsvm(report),
        _published(report),
        _conflict(report),
        _refusals(report),
        _tuning(report),
    ]
    return [line for line in said if line]


def _adapters(report: dict[str, Any], name: str) -> str:
    gap, other = report["adapters"], report["final"]["differences"][name]
    decided = _held({**gap, "p_holm": gap["p"]})
    return (
        "Of LoRA experts, a comparison of its own whose p is not corrected, "
        f"it {decided}: {gap['ours']} less {gap['plain']}, {_told({**gap, 'p_holm': gap['p']})}; less "
        f"{report['final']['compared_with']}, which learnt all weights, {_told(other)}."
    )


def _held(gap: dict[str, Any]) -> str:
    if gap["p_holm"] >= SURE:
        return "is not decided here"
    return "held here" if gap["difference"] > 0 else "did not hold here"


def _told(gap: dict[str, Any]) -> str:
    return f"{gap['difference']:+.3f} [{gap['ci'][0]:+.3f}, {gap['ci'][1]:+.3f}], p {gap['p_holm']:.2g}"


def _means(report: dict[str, Any], merges: list[str]) -> str:
    models, gaps = report["final"]["models"], report["final"]["differences"]
    best = max(merges, key=lambda name: models[name]["mean"])
    low, high = gaps[best]["mean_ci"]
    side = "above" if low > 0 else "below" if high < 0 else "not apart from"
    return (
        f"On the mean of the three, a secondary measure, the best merge of full fine-tunes is {best} "
        f"({models[best]['mean']:.3f}): "
        f"{gaps[best]['mean_difference']:+.3f} [{low:+.3f}, {high:+.3f}], {side} the mixture."
    )


def _beside_1x(report: dict[str, Any]) -> str:
    models = report["final"]["models"]
    short = next(name for name in models if arm_of(name) == "equal-1x")
    return (
        f"With a third of the training the mixture {short} has {models[short]['minimum']:.3f}; a merge "
        "costs three "
        f"trainings of its length."
    )


def _rtsvm(report: dict[str, Any]) -> str:
    models, gap = report["final"]["models"], report["rtsvm"]
    pairs = zip(models[gap["ours"]]["by_seed"], models[gap["plain"]]["by_seed"], strict=True)
    better = sum(one > other for one, other in pairs)
    return (
        f"Our rtsvm against tsvm ({gap['ours']} against {gap['plain']}) on the minimum: "
        f"{gap['difference']:+.3f} [{gap['ci'][0]:+.3f}, {gap['ci'][1]:+.3f}], p {gap['p']:.2g}, better "
        f"in {better} of {len(models[gap['ours']]['by_seed'])} training seeds. The paper claims a gain of "
        "outlier weighting and rank shares over other merges; rtsvm is our formulation of these two ideas "
        "and not the authors'."
    )


def _published(report: dict[str, Any]) -> str:
    screening = report["screening"]
    plain = {name: one for name, one in screening.items() if name in MERGES}
    base = screening["base"]
    above = [name for name, one in plain.items() if one["minimum"] > base["minimum"]]
    clear = [name for name, one in plain.items() if one["minimum_ci"][0] > base["minimum_ci"][1]]
    least, most = (pick(plain, key=lambda name: plain[name]["minimum"]) for pick in (min, max))
    mixture = max(one["minimum"] for name, one in screening.items() if arm_of(name) in MIXTURES)
    return (
        f"At published defaults {len(above)} of {len(plain)} merges of full fine-tunes are above the base "
        f"in the screening as point estimates, {len(clear)} with intervals that do not meet, from "
        f"{plain[least]['minimum']:.3f} ({least}) to {plain[most]['minimum']:.3f} ({most}); the best mixture "
        f"there has {mixture:.3f}."
    )


def _conflict(report: dict[str, Any]) -> str:
    costs = {
        f"{expert} for {aim}": gap
        for expert, row in report["conflicts"].items()
        for aim, gap in row.items()
        if aim != expert and gap["difference"] < 0
    }
    sure = {name: gap for name, gap in costs.items() if gap["p_holm"] < SURE}
    if sure:
        told = ", ".join(f"{name} ({_told(gap)})" for name, gap in sure.items())
        return f"Training for one aim costs another, p corrected for the six pairs: {told}."
    if not costs:
        return "No expert has less of another aim than the base."
    nearest = min(costs, key=lambda name: costs[name]["p"])
    return (
        "That training for one aim costs another is not shown once p is corrected for the six pairs: the "
        f"nearest to it is {nearest} ({_told(costs[nearest])})."
    )


def _refusals(report: dict[str, Any]) -> str:
    models = report["final"]["models"]
    mixtures, merges = (
        [models[name]["over_refusal"] for name in models if arm_of(name) in arms]
        for arms in (MIXTURES, (*MERGES, *LORA_MERGES))
    )
    return (
        "Over-refusal, among the finalists: after a figure of speech that only sounds dangerous the mixtures "
        f"prefer a referral in {min(mixtures):.3f} to {max(mixtures):.3f} of items, the merges in "
        f"{min(merges):.3f} to {max(merges):.3f}, the base in {models['base']['over_refusal']:.3f}."
    )


def _tuning(report: dict[str, Any]) -> str:
    best = [max(one["scores"]) for one in report["tuning"].values()]
    first = sum(one["best"] == 0 for one in report["tuning"].values())
    same = sum(value == max(best) for value in best)
    told = (
        f"Tuning chose the first try for {first} of {len(best)} arms; their best minima on validation items "
        f"run from {min(best):.3f} to {max(best):.3f}"
    )
    if same <= len(best) / 2:
        return f"{told}."
    return f"{told}, the same for {same} of them: it hardly told settings apart."
