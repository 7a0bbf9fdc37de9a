"""Appointments by video: the consent they need, and the room that opens for them."""
