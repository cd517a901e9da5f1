"""What is trained, and on which items: an expert for each aim, and mixtures of the three as the other arm."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

from feedback.coach.experts.items import AIMS, Item, item

# The harmless data counts double: its fewest kinds carry the gravest faults. Tune it on validation items.
HEURISTIC = {"helpful": 1.0, "honest": 1.0, "harmless": 2.0}
LORA_RANK = 16
POOL = 2  # drawn for each item that a reward keeps


@dataclass(frozen=True)
class Arm:
    """`how`: "sft" learns the better reply, "dpo" to prefer it; `shares`: of the aims; `reward`: of POOL
    times as many items those are learnt that the experts gained most on; `lora`: rank of the adapter that is
    learnt instead of all weights, none where 0."""

    name: str
    shares: dict[str, float]
    steps: int
    how: str = "sft"
    reward: bool = False
    rows: int = 16
    rate: float = 3e-4
    warmup: int = 20
    beta: float = 0.1
    lora: int = 0
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "lora" or value}

    def drawn(self, step: int) -> list[Item]:
        """The items of a step: a pure function of seed and step, so that a run can go on anywhere."""
        rng = random.Random(f"{self.seed}:{step}")
        count = self.rows * (POOL if self.reward else 1)
        aims = rng.choices(list(self.shares), weights=list(self.shares.values()), k=count)
        return [item(aim, "train", self.seed, step * count + place) for place, aim in enumerate(aims)]


def arms(steps: int, **options: Any) -> list[Arm]:
    """Three experts of `steps`, the harmless one by example and by preference, and all three as LoRA adapters
    (Hu et al. 2021, arXiv 2106.09685), which learn at three times the rate; then the mixtures `equal`,
    `heuristic` and `reward`, once with as many steps as one expert and once with as many as all three, which
    is what a merge of them has cost. What `reward` spends on choosing is not counted. `equal-3x-lora` is the
    same mixture learnt as an adapter, for merges of adapters to be measured against."""
    made = [Arm(aim, {aim: 1.0}, steps, **options) for aim in AIMS]
    made.append(Arm("harmless-dpo", {"harmless": 1.0}, steps, how="dpo", **options))
    adapted = {**options, "rate": 3 * options.get("rate", Arm.rate), "lora": LORA_RANK}
    for aim in AIMS:
        made.append(Arm(f"{aim}-lora", {aim: 1.0}, steps, **adapted))
    equal = dict.fromkeys(AIMS, 1.0)
    for name, shares, reward in (
        ("equal", equal, False),
        ("heuristic", HEURISTIC, False),
        ("reward", equal, True),
    ):
        for times in (1, len(AIMS)):
            made.append(Arm(f"{name}-{times}x", shares, steps * times, reward=reward, **options))
    return [*made, Arm("equal-3x-lora", equal, 3 * steps, **adapted)]
