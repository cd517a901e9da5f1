"""The two ways in which steering ends early."""


class SteeringError(ValueError):
    """Something that does not fit: says what, and what would fit."""


class Cancelled(Exception):
    """A calibration was asked to stop. What it had measured is kept and used by the next run."""
