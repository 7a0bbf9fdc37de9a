"""Pages of the desk: the list of a day, one appointment, bookings for others, and whom to call."""
