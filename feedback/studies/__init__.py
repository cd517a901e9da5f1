"""Evidence studies: their rows, what is published, their pages; the figures are worked out in `evidence`."""
