"""Which matters are open, so that their links are worth sending."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.addresses import normal_address
from shared.events.appointments import AppointmentFact, WaitingFact
from shared.events.links import LinksRequested
from shared.events.personal import Contact

MOST = 10
"""So many links go into a message: those of what comes first."""

Open = AppointmentFact | WaitingFact
"""The kinds of matters whose links are sent; a number in the hall lives too short."""


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """Something that is open, and the address of its page."""

    fact: Open
    url: str


@dataclass(frozen=True, slots=True)
class OpenMatters:
    """The answer to a request: all that is open for its address, what comes first before the rest."""

    request: LinksRequested
    matters: tuple[OpenMatter, ...]


def is_open(fact: Open, now: datetime) -> bool:
    """Whether there is still something to look at, answer or cancel."""
    status = fact.appointment.status if isinstance(fact, AppointmentFact) else fact.entry.status
    return status in ("confirmed", "offered", "waiting") and now < fact.alive_until


def same_address(one: Contact, other: Contact) -> bool:
    """Whether a message to one reaches the other."""
    if one.mail and other.mail:
        return normal_address(one.mail) == normal_address(other.mail)
    return one.phone is not None and one.phone == other.phone


def in_order(matters: Iterable[OpenMatter]) -> tuple[OpenMatter, ...]:
    """What has a deadline or a start comes by it, before what only waits; no more than fit into a message."""
    return tuple(sorted(matters, key=lambda matter: _moment(matter.fact))[:MOST])


def _moment(fact: Open) -> datetime:
    if isinstance(fact, AppointmentFact):
        instead_of = fact.appointment.instead_of
        return instead_of.until if instead_of else fact.appointment.starts_at
    return fact.entry.offer.until if fact.entry.offer else fact.alive_until
