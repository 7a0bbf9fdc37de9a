"""Closures: days on which a station is closed although it would open."""
