"""Where a stop is planned, as it is typed into a form."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Self

from pydantic import BaseModel

from services.mobile_office.bodies import MOST_COUNTERS
from services.mobile_office.fleet.domain import Fleet, Plan, moment
from services.mobile_office.pages import Text
from shared.clock import BERLIN
from shared.web.forms import FormErrors
from shared.web.typed import Reading, read_choice, read_day, read_number, read_time

STEP = timedelta(minutes=15)
"""How far the buttons move a stop."""


class TypedPlan(BaseModel):
    """A vehicle at a place on a day (local time), as typed."""

    vehicle: Text = ""
    place: Text = ""
    day: Text = ""
    arrives: Text = "09:00"
    departs: Text = "12:00"
    counters: Text = ""

    @classmethod
    def of(cls, plan: Plan, **others: Any) -> Self:
        """A plan as it is, to be changed."""
        arrives, departs = plan.arrives_at.astimezone(BERLIN), plan.departs_at.astimezone(BERLIN)
        return cls(
            vehicle=plan.vehicle,
            place=plan.place,
            day=str(arrives.date()),
            arrives=f"{arrives:%H:%M}",
            departs=f"{departs:%H:%M}",
            counters=str(plan.counters),
            **others,
        )

    def read(self, gettext: Callable[[str], str], fleet: Fleet) -> tuple[Plan | None, FormErrors]:
        """The plan, or what is wrong with it, in the language of a page."""
        _, form = gettext, Reading()
        clock = _("Geben Sie die Uhrzeit so an: 13:00.")
        place = form.field("place", self.place, partial(read_choice, known=fleet.places), _("Wählen Sie einen Platz."))
        wrong_day = _("Wählen Sie einen Tag.")
        day = form.field("day", self.day, read_day, wrong_day)
        if day is None:
            form.errors["day"] = wrong_day
        arrives = form.field("arrives", self.arrives, read_time, clock)
        departs = form.field("departs", self.departs, read_time, clock)
        vehicle = form.field(
            "vehicle", self.vehicle, partial(read_choice, known=fleet.vehicles), _("Wählen Sie ein Fahrzeug.")
        )
        counters = form.field(
            "counters",
            self.counters,
            partial(read_number, lowest=1, highest=fleet.vehicles[vehicle].counters if vehicle else MOST_COUNTERS),
            _("Geben Sie an, wie viele Schalter offen sind, höchstens so viele, wie das Fahrzeug hat."),
        )
        if arrives and departs and departs <= arrives:
            form.errors["departs"] = _("Geben Sie ein Ende an, das nach dem Anfang liegt.")
        if form.errors or not (place and vehicle and day and arrives and departs and counters):
            return None, form.errors
        return Plan(vehicle, place, moment(day, arrives), moment(day, departs), counters), form.errors
