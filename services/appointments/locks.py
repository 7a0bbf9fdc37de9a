"""What is locked in `appointments`, in the order in which it is locked; see `shared.locks`."""

from enum import IntEnum, auto


class Lock(IntEnum):
    """The first is locked first; seats follow, in the order of counters and time, under whichever lock guards them."""

    ADDRESS = auto()
    """Somebody that asks for their links."""
    STATION = auto()
    """Against closures and other hours."""
    HOLD = auto()
    STOP = auto()
    """A stop of the Bürgermobil, against changes of its tour."""
    APPOINTMENT = auto()
    PERSON = auto()
    """Somebody that books or waits, so that what they have already can be counted."""
    LINE = auto()
    """The line of those who wait for a time."""
    ENTRY = auto()
    TICKET = auto()
    QUEUE = auto()
    """The people near the head of a station's queue, who are told once."""
