"""Subscriptions: who wants to hear news of which districts, confirmed by a message to their address."""
