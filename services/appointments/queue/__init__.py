"""The walk-in queue: tickets, whose turn it is, and the counters that call."""
