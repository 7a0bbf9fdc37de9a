"""Pages about a matter that know all concepts below."""
