"""Reactions to the facts of others: translate, call a use case."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.replies import take_reply
from services.appointments.desk.reached import note_outcome
from services.appointments.stops.usecases import follow
from shared.events.base import Fact, Received
from shared.events.mobile_office import (
    MobilStopCancelled,
    MobilStopDelayed,
    MobilStopRescheduled,
    MobilStopScheduled,
    StopFact,
)
from shared.events.notifications import NotificationDelivered, NotificationFailed, ReplyReceived
from shared.reactions import Reaction
from shared.tools import Tools


async def on_delivered(conn: AsyncConnection, _: Tools, received: Received[NotificationDelivered]) -> None:
    """A message reached the person."""
    await note_outcome(conn, received.fact, reached=True)


async def on_failed(conn: AsyncConnection, _: Tools, received: Received[NotificationFailed]) -> None:
    """Nothing reached the person: staff should call."""
    await note_outcome(conn, received.fact, reached=False)


async def on_reply(conn: AsyncConnection, tools: Tools, received: Received[ReplyReceived]) -> None:
    """A citizen answered the reminder."""
    await take_reply(conn, tools, received)


async def on_stop(conn: AsyncConnection, tools: Tools, received: Received[StopFact]) -> None:
    """A stop is announced, changes, comes later, or is called off."""
    await follow(conn, tools, received)


REACTIONS: dict[type[Fact], Reaction] = {
    NotificationDelivered: on_delivered,
    NotificationFailed: on_failed,
    ReplyReceived: on_reply,
    MobilStopScheduled: on_stop,
    MobilStopRescheduled: on_stop,
    MobilStopDelayed: on_stop,
    MobilStopCancelled: on_stop,
}
