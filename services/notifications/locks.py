"""What is locked, in the order in which it is locked (`shared.locks`)."""

from enum import IntEnum, auto


class Lock(IntEnum):
    """What a transaction locks, first things first.

    `ORIGIN` and `ADDRESS` are keys: those who ask for messages, and those they go to, are counted one at a time. The
    others are rows; those of notices are locked in the order of their ids.
    """

    ORIGIN = auto()
    ADDRESS = auto()
    REQUEST = auto()
    FAN_OUT = auto()
    NOTICES = auto()
    SUBSCRIPTION = auto()
