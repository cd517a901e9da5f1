"""Merging own fine-tunes into a coach: starting, measuring, switching on, going back."""
