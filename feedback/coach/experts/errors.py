"""Why an expert could not be trained or measured."""


class ExpertsError(ValueError):
    """Something that does not fit: says what, and what would fit."""
