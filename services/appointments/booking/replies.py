"""What people answered to a message about their appointment."""

from contextlib import suppress

from services.appointments.booking.changes import changeable, save_cancellation
from services.appointments.booking.domain import AlreadyCancelled, AlternativeOver, TooLate
from services.appointments.booking.facts import cancelled_fact
from services.appointments.booking.queries import load_appointment
from services.appointments.locks import Lock
from shared.act import Act
from shared.events.appointments import DecidedBy
from shared.events.base import Received
from shared.events.notifications import ReplyAnswer, ReplyReceived


async def take_reply(act: Act, received: Received[ReplyReceived]) -> None:
    """Cancel the appointment if the citizen answered so in time and it still is as they were told.

    Whether it was in time is judged by the moment of the answer; its seats pass on as of now.

    An appointment that has changed meanwhile stays: the message about the change, with its link, is on its way.
    """
    reply, about = received.fact.reply, received.fact.about
    if about is None or reply.matter_service != "appointments" or reply.answer is not ReplyAnswer.CANCEL:
        return
    found = await load_appointment(act.conn, about.id, lock=Lock.APPOINTMENT)
    if found is None or found.version != about.version:
        return
    with suppress(AlreadyCancelled, AlternativeOver, TooLate):
        found = await changeable(act.at(reply.at), found.id)
        await save_cancellation(act, found, cancelled_fact(found, DecidedBy.CITIZEN, None))
