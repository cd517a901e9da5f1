"""The optional tables: who the seekers and the providers are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.problems import Problems
from feedback.evidence.study.reading import moments, numbers, pieces
from feedback.evidence.study.spec import Spec


def read_people(
    path: Path | None, kind: str, spec: Spec, problems: Problems, notices: list[str]
) -> pd.DataFrame | None:
    """`seekers` with `age` and `joined` (seconds), or `providers` with `age`, `modules`, `prior_chats`; None
    where no file was brought. Of an id that comes twice the first row is kept."""
    if path is None:
        return None
    key = f"{kind[:-1]}_id"
    read = []
    for piece in pieces(path, kind, problems, notices):
        columns = {key: piece[key], "line": piece["line"]}
        for name in ("age", "modules", "prior_chats"):
            if name in piece:
                columns[name] = numbers(piece, name, kind, problems, least=0)
        if "joined" in piece:
            given = piece["joined"].notna().to_numpy()
            at, good = moments(piece[given], "joined", kind, spec, problems)
            joined = np.full(len(piece), np.nan)
            joined[np.flatnonzero(given)[good]] = at[good]
            columns["joined"] = joined
        read.append(pd.DataFrame(columns))
    found = pd.concat(read, ignore_index=True)
    doubled = found.duplicated(key)
    if doubled.any():
        problems.add_many(
            kind, found.line[doubled].to_numpy(), key, f"the same {key} twice",
            "Keep one row for each; the first one was kept.",
        )  # fmt: skip
    return found[~doubled].drop(columns="line")
