"""What this service locks, in the order in which it is locked."""

from enum import IntEnum, auto


class Lock(IntEnum):
    """What is locked: a week, so that nobody else changes its plan; all vehicles; stops, in the order of their ids."""

    WEEK = auto()
    VEHICLES = auto()
    STOPS = auto()
