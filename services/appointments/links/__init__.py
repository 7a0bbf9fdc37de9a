"""Asking for the links of what is open for an address, when one has lost them."""
