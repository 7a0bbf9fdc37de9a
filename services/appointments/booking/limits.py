"""What the public may take: appointments to come and waits per person; times and numbers per network address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.refusals import AppointmentsUsedUp, TimesUsedUp
from services.appointments.offer.domain import Audience
from services.appointments.settings import Settings
from shared import takings
from shared.takings import Origins, address_of, check_takings

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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request of the public comes from, and the limits that hold for it.

    `pseudonym` is the keyed hash of the network; None where the address limit does not hold.
    """

    pseudonym: bytes | None
    person_limit: int
    address_limit: int

    def check_takings(self, takings: list[datetime] | None, now: datetime) -> None:
        """Raise TimesUsedUp if the network address took too many times; the caller's transaction must not commit."""
        check_takings(takings, self.address_limit, now, TimesUsedUp)

    def check_matters(self, matters: int) -> None:
        """Raise AppointmentsUsedUp if the person has too many matters; the caller's transaction must not commit."""
        if matters >= self.person_limit:
            raise AppointmentsUsedUp(self.person_limit)


def values_of(origin: Origin | None, now: datetime) -> dict[str, Any]:
    """The parameters of what notes and counts takings; no limits hold for staff (None)."""
    return takings.values_of(origin.pseudonym if origin else None, origin.address_limit if origin else 0, now)


async def note_taking(conn: AsyncConnection, origin: Origin, now: datetime) -> None:
    """Count one more taking of a network address, or a try at one; raises TimesUsedUp, see `Origin.check_takings`."""
    await takings.note_taking(conn, origin.pseudonym, origin.address_limit, now, TimesUsedUp)


def audience_of(origin: Origin | None) -> Audience:
    """A request with an origin is one of the public."""
    return Audience.STAFF if origin is None else Audience.PUBLIC


class Limits:
    """The limits, and the pseudonyms of network addresses under a key of this service."""

    def __init__(self, settings: Settings) -> None:
        self._origins = Origins(settings.people_secret, settings.unlimited_networks)
        self._settings = settings

    def origin(self, address: str) -> Origin:
        """The origin of a request from an address."""
        return Origin(self._origins.of(address), self._settings.person_limit, self._settings.address_limit)


async def _origin(request: Request) -> Origin:
    limits: Limits = request.app.state.limits
    return limits.origin(address_of(request))


CurrentOrigin = Annotated[Origin, Depends(_origin)]
"""Where a request comes from."""
