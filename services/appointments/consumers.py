"""Reactions to the facts of others: translate, call a use case."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.reached import note_outcome
from shared.consumer import Reaction
from shared.events.base import Fact, Received
from shared.events.notifications import NotificationDelivered, NotificationFailed
from shared.service import Service


async def on_delivered(conn: AsyncConnection, _: Service, received: Received[NotificationDelivered]) -> None:
    """A message reached the person."""
    await note_outcome(conn, received.fact, reached=True)


async def on_failed(conn: AsyncConnection, _: Service, received: Received[NotificationFailed]) -> None:
    """Nothing reached the person: staff should call."""
    await note_outcome(conn, received.fact, reached=False)


REACTIONS: dict[type[Fact], Reaction] = {NotificationDelivered: on_delivered, NotificationFailed: on_failed}
