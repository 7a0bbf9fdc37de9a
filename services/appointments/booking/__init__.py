"""Taking a time: hold, appointment, cancellation, and whom no message reached."""
