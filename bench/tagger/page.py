"""The measured figures as the page docs/tagger_speed.md."""

from __future__ import annotations

from bench.tagger.report import gpu_line, limit_line, rows, way, without_tags


def page(found: dict) -> str:
    return "\n".join(
        [
            "# The tagger's speed, memory and steadiness",
            "",
            "Made by `python -m bench.tagger --write` together with [tagger_speed.json](tagger_speed.json);",
            "do not edit.",
            "",
            *_how(found),
            "",
            "| figure | bar | measured | verdict |",
            "| --- | --- | --- | --- |",
            *(f"| {row.what} | {row.bar} | {row.figure} | {row.verdict} |" for row in rows(found)),
            "",
            *_agreeing(found),
            "## Runtimes weighed",
            "",
            "With one thread. The repository takes weights of 24 MB at most; float16 is half of float32, too",
            "much already. What int8 costs in accuracy stands in the model card.",
            "",
            "| runtime | file, MB | messages/s | peak memory, MB |",
            "| --- | --- | --- | --- |",
            *(
                f"| {one['runtime']} | {one['file_mb']} | {one['per_second']:.0f} | {one['memory_mb']} |"
                for one in found["runtimes"]
            ),
            "",
            limit_line(found)[0].upper() + limit_line(found)[1:] + ".",
            "",
            gpu_line(found) + ".",
            "",
            "## Every way tried",
            "",
            "| contestant | threads | way | messages/s | cores busy |",
            "| --- | --- | --- | --- | --- |",
            *_ways(found),
            "",
        ]
    )


def _how(found: dict) -> list[str]:
    said, machine = found["messages"], found["machine"]
    return [
        f"Tagger {found['tagger']}; {machine['cores']} cores, {machine['processor']}; {machine['versions']}.",
        "",
        f"{said['messages']:,} messages ({said['different_messages']:,} different,"
        f" {said['with_previous']:,} with the message before): {said['tokens_mean']} tokens on average,",
        f"95 % up to {said['tokens_p95']}, longest {said['tokens_longest']};"
        f" {said['longer_than_one_pass']} exceed the limit of {said['token_limit']} tokens.",
        "They are the same for all, and no result is kept.",
        "",
        "Each contestant runs in a fresh process that may use the stated number of threads. All are tried in",
        f"every way listed below, then {found['rounds']} more times in their best way, in turn; the median",
        "counts. How many times one is another is the median over these rounds, each compared within itself.",
        "Peak memory is that of the whole process over all of this.",
        "",
        "The pipeline has the tagger's own weights in fp32, recovered from the shipped int8 file.",
        "sentence-transformers runs all-MiniLM-L6-v2 with one logistic regression a code, fitted on our own",
        "examples; it reads the message without the one before. Only the tagger also finds sentences.",
    ]


def _agreeing(found: dict) -> list[str]:
    least = [share for part in found["threads"].values() if (share := without_tags(part)) is not None]
    said = f": one that gives no tag agrees on at least {min(least):.1%} of labels" if least else ""
    return [
        "The bar on agreement is on tags, since most labels are absent and alike for any two taggers"
        + said
        + ".",
        "",
    ]


def _ways(found: dict) -> list[str]:
    return [
        f"| {one['name']} | {threads} | {way(tried['way'])} | {tried['per_second']:.0f} | {tried['cores']} |"
        for threads, part in found["threads"].items()
        for kind in ("ours", "pipeline", "sentence")
        for one in [part[kind]]
        for tried in one["ways"]
    ]
