"""What notices are for, and what holds for every notice of a purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Purpose(StrEnum):
    """What a notice is for."""

    CONFIRMATION = "confirmation"
    RESCHEDULING = "rescheduling"
    REMINDER = "reminder"
    CANCELLATION = "cancellation"
    MISSED = "missed"
    TURN = "turn"


class IfUnknown(StrEnum):
    """What follows when nobody can tell whether a message arrived. It is never sent again on the same channel."""

    OTHER_CHANNEL = "other channel"
    LEAVE = "left, staff see it"


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for every notice of a purpose. Optional notices spare addresses that failed or complained."""

    if_unknown: IfUnknown
    optional: bool = False


POLICIES: Mapping[Purpose, Policy] = MappingProxyType(
    {
        Purpose.CONFIRMATION: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.RESCHEDULING: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.CANCELLATION: Policy(IfUnknown.OTHER_CHANNEL),
        Purpose.REMINDER: Policy(IfUnknown.LEAVE, optional=True),
        Purpose.MISSED: Policy(IfUnknown.LEAVE, optional=True),
        Purpose.TURN: Policy(IfUnknown.LEAVE),
    }
)
