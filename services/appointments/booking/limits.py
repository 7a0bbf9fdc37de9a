"""What the public may take: appointments to come and waits per person; times and numbers per network address."""

from collections.abc import Sequence
from datetime import datetime

from services.appointments.booking.domain import AppointmentsUsedUp, TimesUsedUp
from services.appointments.offer.domain import Audience
from shared import takings
from shared.act import Act

COUNT_MATTERS = """
    (select count(*) from people p where p.person_key = :person_key and (
        (
            select status in ('confirmed', 'offered', 'arrived') and ends_at > cast(:now as timestamptz)
            from appointments where id = p.matter
        ) or (
            select status in ('waiting', 'offered')
                   and last_day >= cast(cast(:now as timestamptz) at time zone 'Europe/Berlin' as date)
            from waiting_entries where id = p.matter
        )
    ))"""
"""How many appointments to come and places on the waiting list the person has, this one not counted.

A subquery for each, because a join planned while the tables are small reads all appointments.
"""


def check_takings(act: Act, taken: Sequence[datetime] | None) -> None:
    """Raise TimesUsedUp if the network address took too many times; the transaction must not commit then."""
    if act.origin is not None:
        takings.check_takings(taken, act.origin.address_limit, act.now, TimesUsedUp)


def check_matters(act: Act, matters: int, the_same: bool = False) -> None:
    """Raise AppointmentsUsedUp if the person has too many matters; the transaction must not commit then.

    Args:
        matters: how many the person has besides the new one.
        the_same: whether one of them is the same wish once more.
    """
    limit = act.origin.person_limit if act.origin else None
    if limit is not None and (matters >= limit or the_same):
        raise AppointmentsUsedUp(limit)


async def note_taking(act: Act) -> None:
    """Count one more taking of a network address, or a try at one; raises TimesUsedUp, see `check_takings`."""
    await takings.take(act, TimesUsedUp)


def audience_of(act: Act) -> Audience:
    """An act with an origin is one of the public."""
    return Audience.STAFF if act.origin is None else Audience.PUBLIC
