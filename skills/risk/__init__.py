"""The learned risk cue model beside the rules: how its weights are trained and chosen, offline."""
