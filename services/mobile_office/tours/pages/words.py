"""What pages call the city's fixed reasons."""

from collections.abc import Mapping

from shared.events.mobile_office import StopReason
from shared.web.staff.visit import N_

REASONS: Mapping[str, str] = {
    StopReason.BREAKDOWN: N_("Das Fahrzeug hat eine Panne."),
    StopReason.TRAFFIC: N_("Der Verkehr hält das Fahrzeug auf."),
    StopReason.WEATHER: N_("Das Wetter lässt es nicht zu."),
    StopReason.ILLNESS: N_("Jemand vom Team ist krank."),
    StopReason.PLACE_TAKEN: N_("Der Platz ist belegt."),
    StopReason.PLANNING: N_("Die Tour wurde neu geplant."),
}
"""Each reason in one sentence; the template translates it. A newer reason has German words of its own."""
