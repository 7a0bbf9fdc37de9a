"""The line of those who wait for a time: whose turn it is, and what is offered to whom."""
