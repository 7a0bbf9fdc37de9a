"""Sending messages: claimed before the socket opens, never sent again once an answer failed to come."""
