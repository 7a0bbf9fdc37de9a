"""The kinds of matters people are told about: a module for each, with its rows of the who-is-told table."""

from typing import Any

from services.notifications.telling.domain import MatterKind
from services.notifications.telling.matters.appointments import APPOINTMENTS
from services.notifications.telling.matters.links import LINKS
from services.notifications.telling.matters.tickets import TICKETS
from services.notifications.telling.matters.waiting import WAITING_LIST
from shared.events.personal import PersonalFact

KINDS: tuple[MatterKind[Any], ...] = (APPOINTMENTS, TICKETS, WAITING_LIST, LINKS)


def kind_of(fact: PersonalFact) -> MatterKind[Any]:
    """The kind of matter a fact is about."""
    return next(kind for kind in KINDS if isinstance(fact, kind.fact))
