"""Reports of barriers: what somebody cannot read, use or understand goes to the city as a message."""
