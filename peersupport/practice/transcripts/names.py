"""Speaker names that tell a role by themselves, in lower case."""

from __future__ import annotations

COUNSELOR_NAMES = frozenset(
    {
        "counselor", "counsellor", "volunteer", "helper", "therapist", "agent", "supporter", "listener",
        "sys", "system", "provider", "coach", "interviewer", "clinician", "psychologist", "assistant",
        "responder", "operator", "advisor", "adviser", "mentor", "staff", "peer supporter", "bot", "t",
        "social worker", "nurse", "doctor", "facilitator", "buddy",
    }
)  # fmt: skip
SEEKER_NAMES = frozenset(
    {
        "seeker", "client", "user", "usr", "patient", "caller", "visitor", "texter", "help seeker",
        "helpseeker", "member", "customer", "participant", "student", "person", "guest", "c", "human",
    }
)  # fmt: skip
