"""An admin's dials of the coach: calibrating, comparing, switching on and off, and going back."""
