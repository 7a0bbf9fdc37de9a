"""The waiting list: people are told when something frees up, and offered a freed seat until a deadline."""
