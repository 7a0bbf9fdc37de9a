"""What staff do: at the counter, on the phone, and for those no message reached."""
