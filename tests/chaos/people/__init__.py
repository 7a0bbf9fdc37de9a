"""The people that act while things break: citizens who book, wait, subscribe and answer, and the staff."""
