"""Reactions to the facts of others: translate, call a use case."""

from services.appointments.booking.replies import take_reply
from services.appointments.desk.calls import note_outcome
from services.appointments.stops.usecases import follow
from shared.act import Act
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


async def on_delivered(act: Act, received: Received[NotificationDelivered]) -> None:
    """A message reached the person."""
    await note_outcome(act.conn, received.fact, reached=True)


async def on_failed(act: Act, received: Received[NotificationFailed]) -> None:
    """Nothing reached the person: staff should call."""
    await note_outcome(act.conn, received.fact, reached=False)


async def on_reply(act: Act, received: Received[ReplyReceived]) -> None:
    """A citizen answered the reminder."""
    await take_reply(act, received)


async def on_stop(act: Act, received: Received[StopFact]) -> None:
    """A stop is announced, changes, comes later, or is called off."""
    await follow(act, received)


REACTIONS: dict[type[Fact], Reaction] = {
    NotificationDelivered: on_delivered,
    NotificationFailed: on_failed,
    ReplyReceived: on_reply,
    MobilStopScheduled: on_stop,
    MobilStopRescheduled: on_stop,
    MobilStopDelayed: on_stop,
    MobilStopCancelled: on_stop,
}
