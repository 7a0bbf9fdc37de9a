"""Subscriptions: people and the districts they want news of, confirmed by a message to their address."""
