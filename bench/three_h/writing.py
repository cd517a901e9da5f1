"""`python -m bench.three_h.writing`: docs/three_h.md, docs/three_h.html and the coach's three_h.json anew,
from docs/three_h.json: after a change of the words. Nothing is measured.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.app import ROOT
from bench.three_h import page, shipping

REPORT, PAGE, HTML = (ROOT / "docs" / f"three_h.{ending}" for ending in ("json", "md", "html"))


def main() -> int:
    write(json.loads(REPORT.read_text(encoding="utf-8")))
    return 0


def write(report: dict[str, Any]) -> None:
    """What ships and why stays in the coach's file, where it is not the base that the experts came from."""
    report = {**report, "ships": shipping.beside(report["base_weights"])}
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page.markdown(report), encoding="utf-8")
    HTML.write_text(page.html(report), encoding="utf-8")
    kept = page.for_the_product(report)
    if report["ships"]:
        kept["shipped"] = json.loads(shipping.FILE.read_text(encoding="utf-8"))["shipped"]
        card = json.loads((shipping.SHIPPED / "card.json").read_text(encoding="utf-8"))
        kept["serves"], kept["why"] = shipping.SHIPPED.name, shipping.why(kept, card)
    shipping.FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
