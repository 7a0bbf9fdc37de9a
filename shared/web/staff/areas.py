"""The staff areas of all services: they sign in apart from each other, but lead to each other."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from shared.texts import N_


@dataclass(frozen=True, slots=True)
class Area:
    """The staff pages of a service: their name, and one sentence on them."""

    service: str
    title: str
    text: str

    @property
    def path(self) -> str:
        """Where they begin."""
        return f"/{self.service}/staff/"


AREAS: Final = (
    Area("appointments", N_("Termine und Schalter"), N_("Tagesliste, Aufruf, Schließungen.")),
    Area("mobile_office", N_("Bürgermobil"), N_("Wochen planen und veröffentlichen, Verspätungen, Pannen.")),
    Area("notifications", N_("Mitteilungen"), N_("Was zugestellt wurde und was nicht, und alle Texte.")),
)


def other_areas(service: str, roles: Collection[str]) -> Sequence[Area]:
    """The areas besides a service's own that somebody's roles (`<service>:<role>`) open."""
    served = {role.partition(":")[0] for role in roles} - {service}
    return [area for area in AREAS if area.service in served]
