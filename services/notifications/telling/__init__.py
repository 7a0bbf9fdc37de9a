"""The people told, what they are told, when, and on which channels."""
