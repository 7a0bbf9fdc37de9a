"""What templates may say of each kind of matter: a module for each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from services.notifications.links.domain import OpenMatters
from services.notifications.news.domain import Circular
from services.notifications.purposes import Purpose
from services.notifications.writing.matters.appointments import appointment_values
from services.notifications.writing.matters.barriers import barrier_values
from services.notifications.writing.matters.circulars import circular_values
from services.notifications.writing.matters.links import link_values
from services.notifications.writing.matters.tickets import ticket_values
from services.notifications.writing.matters.waiting import waiting_values
from shared.events.appointments import AppointmentFact, WaitingFact
from shared.events.barriers import BarrierFact
from shared.events.personal import PersonalFact
from shared.events.tickets import TicketFact
from shared.web.i18n import Language

Values = Callable[[Language, Purpose, Any], dict[str, Any]]

_VALUES: Mapping[type[PersonalFact | Circular | OpenMatters], Values] = MappingProxyType(
    {
        AppointmentFact: appointment_values,
        TicketFact: ticket_values,
        WaitingFact: waiting_values,
        BarrierFact: barrier_values,
        Circular: circular_values,
        OpenMatters: link_values,
    }
)


def values_of(language: Language, purpose: Purpose, fact: PersonalFact | Circular | OpenMatters) -> dict[str, Any]:
    """The values for the templates of a purpose, besides those every message has."""
    values = next(values for kind, values in _VALUES.items() if isinstance(fact, kind))
    return values(language, purpose, fact)
