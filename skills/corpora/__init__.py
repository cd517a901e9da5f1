"""Readers of public label sets into the one taxonomy; what they yield is in `skills.corpora.example`."""
