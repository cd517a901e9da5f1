"""From trainers' corrections to a new version of the tagger, and switching it on."""
