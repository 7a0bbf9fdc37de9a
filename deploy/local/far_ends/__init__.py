"""Simulated far ends: a mail server, an SMS gateway, an identity issuer, and a page that shows what they received.

The adapters of the platform run against them unchanged. The address written to decides what happens: see `behaviours`.
"""
