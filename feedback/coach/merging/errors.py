"""The ways in which a merge ends early."""


class MergeError(ValueError):
    """Something that does not fit: says what, and what to do."""


class DiskError(MergeError):
    """The output could not be written. What was written is kept, and the next run goes on from there."""


class InUseError(MergeError):
    """Another process writes the same output now."""


class Cancelled(Exception):
    """A merge was asked to stop. What it had written is kept, and the next run goes on from there."""
