"""Scenarios that trainers and admins write themselves: form, lint, preview, publishing."""
