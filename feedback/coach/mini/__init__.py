"""coach-mini: our own small language model for one better reply. Light to import; the parts load torch."""
