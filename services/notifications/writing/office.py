"""What the city's data add to a message: the number to call, where to go, what it costs, and which pages help."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.notifications.links.domain import OpenMatters
from services.notifications.news.domain import Circular
from shared.city import City, Reach
from shared.events.appointments import AppointmentFact, BookedService, Place, SeatOffered, WaitingFact
from shared.events.personal import PersonalFact
from shared.web.formats import money_text, phone_text
from shared.web.i18n import Language
from shared.web.i18n import language as page_language


class Office:
    """The Bürger-Service of a city, as messages name it.

    Args:
        pages: the address of the city's pages.
    """

    def __init__(self, city: City, pages: str) -> None:
        self._city = city
        self._pages = pages
        self._fees = {each.key: each.fee_cents or 0 for each in city.services}

    def values(self, language: Language, fact: PersonalFact | Circular | OpenMatters) -> dict[str, Any]:
        """The values every message has; `phone` is that of the place it is about, where it is about one."""
        place, services = _about(fact)
        reach = self.reach(place)
        site = f"{self._pages}{page_language(language.code).prefix}"
        return {
            "city": self._city.name,
            "phone": {"number": reach.phone.replace(" ", ""), "text": phone_text(reach.phone)},
            "city_phone": phone_text(self._city.service_phone),
            "pages_url": site,
            "links_url": f"{site}/appointments/links" if isinstance(fact, AppointmentFact | WaitingFact) else None,
            "imprint_url": f"{site}/impressum",
            "privacy_url": f"{site}/datenschutz",
            "address": place and (place.address or reach.address),
            "fee": self._fee(services, language),
        }

    def reach(self, place: Place | None) -> Reach:
        """How to reach a place, or the city where it is about none."""
        return self._city.reach(place.key if place else "")

    def _fee(self, services: Sequence[BookedService], language: Language) -> Mapping[str, Any] | None:
        """What services cost together; None where the city's data do not know one of them."""
        if not services or not all(each.key in self._fees for each in services):
            return None
        cents = sum(self._fees[each.key] * each.quantity for each in services)
        return {"cents": cents, "text": money_text(cents, language)}


def _about(fact: PersonalFact | Circular | OpenMatters) -> tuple[Place | None, Sequence[BookedService]]:
    """The place and the services of an appointment that is booked or offered."""
    if isinstance(fact, AppointmentFact):
        return fact.appointment.place, fact.appointment.services
    if isinstance(fact, SeatOffered) and fact.entry.offer:
        return fact.entry.offer.place, fact.entry.services
    return None, ()
