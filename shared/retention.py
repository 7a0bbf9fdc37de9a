"""How long things are kept. The order matters: nobody may forget a fact that can still arrive."""

from datetime import timedelta

TOPIC = timedelta(days=14)
OUTBOX = timedelta(days=30)
INBOX = timedelta(days=45)
LEDGER = timedelta(days=396)
AUDIT = timedelta(days=396)
PERSON_AFTER_MATTER = timedelta(days=14)
IDEMPOTENCY_KEYS = timedelta(days=2)
KEPT_PAGES = timedelta(hours=8)
"""As long as a session of staff lasts at most."""
OBJECTION = timedelta(days=1096)
