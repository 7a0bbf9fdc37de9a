"""Adapters to the systems that carry messages."""
