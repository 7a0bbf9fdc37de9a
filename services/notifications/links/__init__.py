"""Sending people the links of what is open for their address, when they ask for them."""
