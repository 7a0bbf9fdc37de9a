"""Pages of the queue: taking a number, arriving for an appointment, the screen in the hall, the counter."""
