"""Why a stop is late, changes or does not take place."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from shared.events.mobile_office import StopReason
from shared.texts import N_

WORDS: Mapping[StopReason, str] = MappingProxyType(
    {
        StopReason.BREAKDOWN: N_("Das Fahrzeug hat eine Panne."),
        StopReason.TRAFFIC: N_("Der Verkehr hält das Fahrzeug auf."),
        StopReason.WEATHER: N_("Das Wetter lässt es nicht zu."),
        StopReason.ILLNESS: N_("Jemand vom Team ist krank."),
        StopReason.PLACE_TAKEN: N_("Der Stellplatz ist belegt."),
        StopReason.PLANNING: N_("Die Tour wurde neu geplant."),
    }
)
"""The fixed reasons in the city's words."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the fixed reasons, which are said in every language; in staff's own German words where they say more."""

    known: StopReason
    own_words: str | None = None

    @property
    def words(self) -> str:
        """The reason in German."""
        return self.own_words or WORDS[self.known]

    def fields(self) -> dict[str, Any]:
        """What facts and states of stops say of it."""
        return {"reason": self.words, "known_reason": self.known.value}
