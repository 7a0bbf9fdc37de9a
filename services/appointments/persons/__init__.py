"""The person a matter is for, as typed and as checked, and how they want to hear from us."""
