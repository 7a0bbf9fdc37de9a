"""When people can arrive for an appointment: `appointments` lets them in by these rules, messages tell them."""

from datetime import timedelta
from typing import Final

CHECK_IN_BEFORE: Final = timedelta(minutes=60)
"""How long before an appointment at a counter one can say "I am here"."""
LATE: Final = timedelta(minutes=15)
"""A person that comes later than this after the start of an appointment queues like a walk-in."""
ROOM_OPENS_BEFORE: Final = timedelta(minutes=10)
"""How long before an appointment by video its room opens; it closes at the end."""
