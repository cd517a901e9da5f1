"""`calibrate`: which layers, which strength, and how far is safe, for one behaviour of one model.

Writes `report.json`, `vector.safetensors`, six plots and one page to a folder; `sweep.jsonl` holds what was
measured. The same seed on the same machine gives the same report. After arXiv 2401.16332.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from feedback.coach.steering import fitting, scores, sweep
from feedback.coach.steering.blocks import checked_layers, fingerprint, model_name
from feedback.coach.steering.exchange import Form, PlainForm, Row, encode
from feedback.coach.steering.files import written_aside
from feedback.coach.steering.injection import Injection
from feedback.coach.steering.page import write_page
from feedback.coach.steering.pairs import Behaviour
from feedback.coach.steering.plan import Options, Plan, make_plan
from feedback.coach.steering.reading import Reading, choose_layers, read
from feedback.coach.steering.resampling import Prompts
from feedback.coach.steering.sweep import Progress
from feedback.coach.steering.vectors import SteeringVector


def calibrate(
    model: Any,
    tokenizer: Any,
    behaviour: Behaviour,
    output: Path,
    options: Options | None = None,
    *,
    form: Form | None = None,
    progress: Progress = lambda done, total, what: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """The report, which is also written. Resumes what `output` holds of the same plan.

    Raises SteeringError for input that cannot carry a calibration, Cancelled once `should_stop` says so.
    A dial that does not hold is no error: the report says why, and its end stops are 0.
    """
    options = (options or Options()).check()
    behaviour.check()
    if options.layers is not None:
        checked_layers(model, options.layers)
    # What chooses the layers is not measured; where they are given, nothing is chosen.
    choosing, behaviour = behaviour.parts() if options.layers is None else ((), behaviour)
    model.eval()
    form = form or PlainForm(tokenizer)
    reading = read(
        model,
        tokenizer,
        behaviour.fit,
        behaviour.held_out,
        form=form,
        choosing=choosing,
        method=options.method,
        batch=options.batch,
    )
    layers = choose_layers(reading.merit) if options.layers is None else checked_layers(model, options.layers)
    mark = fingerprint(model)
    plan = make_plan(behaviour, options, layers, reading.norm, mark)
    vector = SteeringVector(
        behaviour=behaviour.name,
        directions={layer: reading.directions[layer] for layer in layers},
        model=model_name(model),
        fingerprint=mark,
        method=options.method,
        pairs_hash=plan.pairs,
    )
    output.mkdir(parents=True, exist_ok=True)
    cells = measure(
        model, tokenizer, behaviour, vector, plan, output / "sweep.jsonl", form, progress, should_stop
    )
    prompts = Prompts.of(behaviour, options.replies)
    found = fitting.build(cells, plan, reading.auc, prompts, floor=behaviour.floor, lowest=behaviour.lowest)
    report = {
        "behaviour": behaviour.name,
        "about": behaviour.about,
        "scored_by": behaviour.scored_by,
        "model": {"name": vector.model, "fingerprint": mark},
        "pairs": {
            "hash": plan.pairs,
            "fit": len(behaviour.fit),
            "choosing": len(choosing),
            "held_out": len(behaviour.held_out),
            "references": len(behaviour.references),
        },
        "floor": behaviour.floor,
        "plan": plan.as_json(),
        "layers": _by_layer(reading, layers),
        **found,
    }
    kept = ("usable", "r_min", "r_max", "r_max_interval", "r_sat", "r_best", "tolerated")
    stamp = {key: found["dial"][key] for key in kept} | {"fits": found["fits"]}
    with written_aside(output) as aside:
        SteeringVector(**{**vector.__dict__, "dial": stamp}).save(aside / "vector.safetensors")
        (aside / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        write_page(report, aside)
    return report


def measure(
    model: Any,
    tokenizer: Any,
    behaviour: Behaviour,
    vector: SteeringVector,
    plan: Plan,
    path: Path,
    form: Form,
    progress: Progress,
    should_stop: Callable[[], bool],
) -> fitting.Cells:
    """All cells of the sweep, of which `path` may hold some already."""
    options = plan.options
    plain = make_items(behaviour, tokenizer, form, options.replies)
    told = make_items(behaviour, tokenizer, form, options.replies, instruction=behaviour.instruction)
    random = random_vector(vector, options.seed)
    injection = Injection(
        model,
        {sweep.STEERED: vector, sweep.RANDOM: random},
        rows=max(options.batch, 2),
        unbounded=True,
    )
    try:
        base = scores.unsteered(model, plain.prompts, batch=options.batch)

        def cell(arm: str, r: float) -> dict[str, Any]:
            items = told if arm == sweep.PROMPT else plain
            with injection.steered({arm: r} if arm != sweep.PROMPT else {}):
                pairs = scores.behaviour_scores(model, items, batch=options.batch)
                helpful, logprob = scores.helpfulness_scores(model, items, batch=options.batch)
                replies = scores.free_replies(
                    model, tokenizer, items, tokens=options.tokens, seed=options.seed, batch=options.batch
                )
                changed = scores.premise_scores(model, base, batch=options.batch)
            # Judged by the unsteered model, and without the instruction of the prompt-only arm.
            shown = [Row(prompt, row.reply) for prompt, row in zip(plain.prompts, replies, strict=True)]
            lengths = [len(row.reply) for row in replies]
            short = [1.0 if length <= items.middle else -1.0 for length in lengths]
            return {
                "alignment": pairs if behaviour.scored_by == "pairs" else short,
                "pairs": pairs,
                "helpfulness": helpful,
                "logprob": logprob,
                "plausible": scores.plausibility(model, shown, batch=options.batch),
                "repeated": [scores.repetition(row.reply) for row in replies],
                "lengths": lengths,
                **changed,
            }

        return sweep.run(
            sweep.order(plan.grid), cell, path, plan.name, progress=progress, should_stop=should_stop
        )
    finally:
        injection.remove()


def make_items(
    behaviour: Behaviour, tokenizer: Any, form: Form, replies: int, instruction: str = ""
) -> scores.Items:
    """The held-out texts as token rows; free replies go round the held-out prompts."""

    def rows(texts: Sequence[tuple[str, str]]) -> list[Row]:
        return [encode(tokenizer, form, prompt, reply, instruction) for prompt, reply in texts]

    positive = rows([(pair.prompt, pair.positive) for pair in behaviour.held_out])
    negative = rows([(pair.prompt, pair.negative) for pair in behaviour.held_out])
    prompts = list(dict.fromkeys(row.prompt for row in positive))
    references = behaviour.references
    lengths = [sum(len(row.reply) for row in side) / len(side) for side in (positive, negative)]
    return scores.Items(
        positive=positive,
        negative=negative,
        references=rows([(item.prompt, item.reply) for item in references]),
        options=[rows([(item.prompt, option) for option in item.options]) for item in references],
        right=[item.options.index(item.reply) if item.options else 0 for item in references],
        prompts=[prompts[n % len(prompts)] for n in range(replies)],
        middle=sum(lengths) / 2,
    )


def random_vector(vector: SteeringVector, seed: int) -> SteeringVector:
    """The control arm: unit vectors of a random direction at the same layers."""
    generator = torch.Generator().manual_seed(seed)
    directions = {layer: torch.randn(vector.width, generator=generator) for layer in vector.layers}
    return SteeringVector(
        **{**vector.__dict__, "directions": {n: one / one.norm() for n, one in directions.items()}}
    )


def _by_layer(reading: Reading, layers: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "layer": layer,
            "used": layer in layers,
            "auc": reading.auc[layer],
            "auc_choosing": reading.merit.get(layer),
            "margin": reading.margin[layer] if math.isfinite(reading.margin[layer]) else None,
            "mean_norm": reading.norm[layer],
        }
        for layer in sorted(reading.auc)
    ]
