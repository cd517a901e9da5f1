"""The measured figures as rows against their bars, as text."""

from __future__ import annotations

from dataclasses import dataclass

RATIO, STRETCH, ALONE_MS, MEMORY_MB, DIFFERENCE, SAME = 4, 6, 40, 600, 1e-3, 0.97


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `kept` is None where there is no bar."""

    what: str
    figure: str
    bar: str = ""
    kept: bool | None = None

    @property
    def verdict(self) -> str:
        return "" if self.kept is None else "kept" if self.kept else "missed"


def rows(found: dict) -> list[Row]:
    """All rows, by number of threads; the bars for one message alone and memory are those of `ours`."""
    listed: list[Row] = []
    for threads, part in found["threads"].items():
        listed += _rows_of(f"{threads} thread{'s' if threads != '1' else ''}", part)
    return listed


def _rows_of(title: str, part: dict) -> list[Row]:
    ours, pipeline, sentence = (part[kind] for kind in ("ours", "pipeline", "sentence"))
    ratio, agreement = part["ratio"]["pipeline"], part["agreement"]
    listed = [
        Row(f"{title}: {one['name']}, messages/s, at {way(one['best'])}", f"{one['per_second']:.0f}")
        for one in (ours, pipeline, sentence)
    ]
    most, memory, alone = ours["largest_difference"], ours["memory_mb"], ours["alone_ms_p95"]
    return [
        *listed,
        Row(f"{title}: times the pipeline", f"{ratio:.2f}", f">= {RATIO} (hoped {STRETCH})", ratio >= RATIO),
        Row(f"{title}: the same by CPU time", f"{part['ratio_by_cpu']['pipeline']:.2f}"),
        Row(f"{title}: times sentence-transformers", f"{part['ratio']['sentence']:.2f}"),
        Row(f"{title}: one message alone, p95 in ms", f"{alone:.1f}", f"< {ALONE_MS}", alone < ALONE_MS),
        *(
            Row(
                f"{title}: one message alone, {one['name']}, p50 / p95 in ms",
                f"{one['alone_ms_p50']:.1f} / {one['alone_ms_p95']:.1f}",
            )
            for one in (ours, pipeline, sentence)
        ),
        Row(f"{title}: peak memory in MB", f"{memory:.0f}", f"< {MEMORY_MB}", memory < MEMORY_MB),
        *(
            Row(f"{title}: peak memory in MB, {one['name']}", f"{one['memory_mb']:.0f}")
            for one in (pipeline, sentence)
        ),
        Row(
            f"{title}: a probability alone and in any batch differ by at most",
            f"{most:.1e}",
            f"<= {DIFFERENCE:g}",
            most <= DIFFERENCE,
        ),
        Row(f"{title}: the same, pipeline", f"{pipeline['largest_difference']:.1e}"),
        Row(
            f"{title}: tags that tagger or pipeline gives, given by both",
            f"{agreement['given_tags']:.1%}",
            f">= {SAME:.0%}",
            agreement["given_tags"] >= SAME,
        ),
        Row(f"{title}: labels, absent ones as well, on which they agree", f"{agreement['labels']:.2%}"),
    ]


def way(chosen: dict) -> str:
    """How a contestant was fed, in words."""
    if "rows" in chosen:
        return f"{chosen['rows']} rows at a time" if chosen["rows"] else "one message at a time"
    if not chosen["batch"]:
        return "one call for all"
    return f"batches of {chosen['batch']}" + (", by length" if chosen.get("by_length") else "")


def without_tags(part: dict) -> float | None:
    """On what share of labels a tagger that gives no tag would agree with the pipeline, at the least; from
    the two shares of `measure.agreement`. None where they do not say."""
    labels, given = part["agreement"]["labels"], part["agreement"]["given_tags"]
    return 1 - (1 - labels) / (1 - given) if labels < 1 and given < 1 else None


def limit_line(found: dict) -> str:
    """What bounds the tagger: the whole-number multiplications that no rewriting takes away."""
    limit = found["limit"]
    return (
        f"limit: {limit['multiply_adds_per_message'] / 1e6:.0f} million int8 multiply-adds a message; bare,"
        f" in blocks as large as the tagger's, they take {limit['share_of_our_time']:.0%} of its CPU time"
        f" ({limit['in_blocks_gmacs']:.0f} G/s, {limit['in_blocks_per_second']:.0f} messages/s if nothing"
        f" else were left); one message at a time one thread does {limit['one_by_one_gmacs']:.0f} G/s,"
        f" {limit['one_by_one_per_second']:.0f} messages/s"
    )


def runtime_lines(found: dict) -> list[str]:
    return [
        f"runtime {one['runtime']}: {one['file_mb']} MB, {one['per_second']:.0f} messages/s, peak"
        f" {one['memory_mb']} MB"
        for one in found["runtimes"]
    ]


def gpu_line(found: dict) -> str:
    gpu = found["gpu"]
    if not gpu["device"]:
        return "GPU: no GPU here"
    best = max(gpu["pipeline_per_second"].values())
    return (
        f"GPU ({gpu['device']}): {gpu['per_second']:.0f} messages/s in bf16 by length, pipeline {best:.0f}"
        f" ({gpu['ratio']} times); the network alone {gpu['network_alone_per_second']:.0f} messages/s,"
        f" {gpu['share_of_matrix_rate']:.1%} of the {gpu['matrix_tflops']} TFLOP/s of a large product"
    )


def text(found: dict) -> str:
    lines = [f"{row.what:74} {row.figure:>13}  {row.bar:16} {row.verdict}" for row in rows(found)]
    return "\n".join(
        [
            f"{'figure':74} {'value':>13}  {'bar':16} verdict",
            *lines,
            *runtime_lines(found),
            limit_line(found),
            gpu_line(found),
        ]
    )
