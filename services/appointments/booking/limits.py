"""What the public may take: appointments to come and waits per person; times and numbers per network address."""

import hmac
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.refusals import AppointmentsUsedUp, TimesUsedUp
from services.appointments.offer.domain import Audience
from services.appointments.settings import Settings
from shared.statements import Statement

WINDOW = timedelta(hours=1)
"""How far back what a network address took is counted, and how long it is kept."""

NOTE_TAKING = """
    noted as (
        insert into takings (origin, at)
        select cast(:origin as bytea), cast(:now as timestamptz) where cast(:origin as bytea) is not null
    )"""
"""The part of a statement that notes a taking."""

COUNT_TAKINGS = """
    (select array_agg(at) from (
        select at from takings
        where origin = cast(:origin as bytea) and at > cast(:now as timestamptz) - interval '1 hour'
        order by at desc limit :address_limit
    ) recent)"""
"""The newest takings of the last hour before this one, no more of them than are allowed."""

_TAKE = Statement(f"with {NOTE_TAKING} select {COUNT_TAKINGS} as takings")

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
        if takings and len(takings) >= self.address_limit:
            raise TimesUsedUp(min(takings) + WINDOW - now)

    def check_matters(self, matters: int) -> None:
        """Raise AppointmentsUsedUp if the person has too many matters; the caller's transaction must not commit."""
        if matters >= self.person_limit:
            raise AppointmentsUsedUp(self.person_limit)


def values_of(origin: Origin | None, now: datetime) -> dict[str, Any]:
    """The parameters of the parts of statements above; no limits hold for staff (None)."""
    return {
        "origin": origin.pseudonym if origin else None,
        "address_limit": origin.address_limit if origin else 0,
        "now": now,
    }


async def note_taking(conn: AsyncConnection, origin: Origin, now: datetime) -> None:
    """Count one more taking of a network address, or a try at one; raises TimesUsedUp, see `Origin.check_takings`."""
    origin.check_takings((await _TAKE.row(conn, values_of(origin, now)))["takings"], now)


def audience_of(origin: Origin | None) -> Audience:
    """Whoever comes from somewhere belongs to the public."""
    return Audience.STAFF if origin is None else Audience.PUBLIC


class Limits:
    """The limits, and the pseudonyms of network addresses under a key of this service."""

    def __init__(self, settings: Settings) -> None:
        self._key = b64decode(settings.people_secret.get_secret_value())
        self._settings = settings

    def origin(self, address: str) -> Origin:
        """The origin of a request from an address; IPv6 counts by /64, which is what one connection gets."""
        return Origin(self._pseudonym(address), self._settings.person_limit, self._settings.address_limit)

    def _pseudonym(self, address: str) -> bytes | None:
        try:
            found = ip_address(address)
        except ValueError:
            network = address
        else:
            if isinstance(found, IPv6Address) and found.ipv4_mapped:
                found = found.ipv4_mapped
            if any(found in each for each in self._settings.unlimited_networks):
                return None
            network = str(ip_network(f"{found}/64", strict=False) if found.version == 6 else found)
        return hmac.new(self._key, f"network address {network}".encode(), sha256).digest()[:16]


async def _origin(request: Request) -> Origin:
    limits: Limits = request.app.state.limits
    return limits.origin(request.client.host if request.client else "")


CurrentOrigin = Annotated[Origin, Depends(_origin)]
"""Where a request comes from. Behind a proxy that is trusted (`NAHBAR_TRUSTED_PROXIES`) it is the address it names."""
