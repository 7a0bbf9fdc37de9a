"""Rules of appointments by video: when their room is open, and what has to be agreed to."""

from datetime import datetime
from enum import StrEnum

from shared.arriving import ROOM_OPENS_BEFORE


class VideoRoom(StrEnum):
    """How the room of an appointment stands."""

    NOT_YET = "not yet"
    OPEN = "open"
    OVER = "over"


def opens_at(starts_at: datetime) -> datetime:
    """When the room of an appointment opens."""
    return starts_at - ROOM_OPENS_BEFORE


def room_at(starts_at: datetime, ends_at: datetime, now: datetime) -> VideoRoom:
    """How the room of an appointment stands: open from ten minutes before the start until the end."""
    if now < opens_at(starts_at):
        return VideoRoom.NOT_YET
    return VideoRoom.OPEN if now < ends_at else VideoRoom.OVER
