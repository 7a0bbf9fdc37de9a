"""People whose appointment at a stop has no place any more: another time kept for them, or the waiting list."""
