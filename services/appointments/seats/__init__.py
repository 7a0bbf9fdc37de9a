"""Seats: a counter's time slots, each taken by one at most."""
