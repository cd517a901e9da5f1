"""The published study that ships with the application: Yang et al. 2024, satisfaction from Shah et al. 2022.

The figures are facts copied from the tables named in each row's `source`; the words are ours.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from feedback.evidence.study_types import Effect, Satisfaction, Study, interval95

CSV_PATH = Path(__file__).parent / "data" / "yang2024.csv"
SAMPLES = {"PHQ-2": (25_536, 41_751), "GAD-2": (15_241, 25_689)}  # seekers, observations (Table 7)
COLUMNS = {"PHQ-2": "phq2", "GAD-2": "gad2"}


@cache
def published_study() -> Study:
    """Yang et al. 2024 as a Study: 10 techniques on two instruments, 20 effects. Cached, immutable."""
    with CSV_PATH.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return Study(
        slug="yang2024",
        version="2024.1",
        title="What Makes Digital Support Effective? How Therapeutic Skills Affect Clinical Well-Being",
        citation="Yang, Fang, Shah, Mathur, Yang, Zhu and Kraut (2024), PACM HCI 8, CSCW1, article 190",
        doi="10.1145/3641029",
        kind="published",
        effects=tuple(
            _effect(row, instrument)
            for row in rows
            for instrument in SAMPLES
            if row[f"{COLUMNS[instrument]}_beta"]
        ),
        satisfaction=tuple(_satisfaction(row) for row in rows if row["satisfaction_or"]),
        satisfaction_citation="Shah et al. (2022), doi 10.1145/3555640",
        reverse_causation=("emotional_reactions",),
        unsplit=(("reflection_simple", "reflection_complex"), ("open_question", "closed_question")),
        caveats=(
            "Only having a chat at all was matched between similar seekers; "
            "the figures for single techniques are unmatched associations.",
            "Reverse causation cannot be excluded: how a seeker feels may shape what the counselor does.",
            "Scores are PHQ-2 and GAD-2, which run from 0 to 6; nothing here carries over to PHQ-9 or GAD-7.",
            "All links are small: the largest of the study is 0.048 points on the 0 to 6 scale.",
        ),
    )


def _effect(row: dict[str, str], instrument: str) -> Effect:
    column = COLUMNS[instrument]
    beta, se = float(row[f"{column}_beta"]), float(row[f"{column}_se"])
    n_seekers, n_obs = SAMPLES[instrument]
    return Effect(
        technique=row["technique"],
        family=row["family"],
        code_keys=tuple(row["code_keys"].split("|")),
        instrument=instrument,
        beta=beta,
        se=se,
        ci=interval95(beta, se),
        stars=row[f"{column}_stars"],
        survives_bh=row[f"{column}_survives_bh"] == "yes",
        n_seekers=n_seekers,
        n_obs=n_obs,
        tagger_f1=float(row["study_tagger_f1"]) if row["study_tagger_f1"] else None,
        source=row["source"],
    )


def _satisfaction(row: dict[str, str]) -> Satisfaction:
    return Satisfaction(
        technique=row["technique"],
        code_keys=tuple(row["code_keys"].split("|")),
        odds_ratio=float(row["satisfaction_or"]),
        p=row["satisfaction_p"],
        source="Shah 2022",
    )
