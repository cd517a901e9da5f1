"""Crisis rules, the learned cue model, help lines and the policy checklist.

Pure Python: no Django, no model library, no network.

Runs synchronously where a message is posted, so that a dead worker never silences a disclosure.
"""

from __future__ import annotations

from peersupport.safety.helplines import HelpLine, HelplineFileError, help_lines, regions
from peersupport.safety.judge import assess, safety_version
from peersupport.safety.policy import ChecklistItem, HumanPanel, crisis_checklist, human_panel, policies
from peersupport.safety.rules import KINDS, LEVELS, Finding

__all__ = [
    "KINDS",
    "LEVELS",
    "ChecklistItem",
    "Finding",
    "HelpLine",
    "HelplineFileError",
    "HumanPanel",
    "assess",
    "crisis_checklist",
    "help_lines",
    "human_panel",
    "policies",
    "regions",
    "safety_version",
]
