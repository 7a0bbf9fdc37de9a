"""Who is told what, when, and on which channels."""
