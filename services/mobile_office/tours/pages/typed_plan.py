"""Where a stop is planned, as it is typed into a form."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from pydantic import BaseModel

from services.mobile_office.tours.domain import Plan
from services.mobile_office.tours.pages.visit import Text
from shared.clock import BERLIN
from shared.web.forms import FormErrors
from shared.web.typed import read_day, read_time

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

    def read(self, gettext: Callable[[str], str]) -> tuple[Plan | None, FormErrors]:
        """The plan, or what is wrong with it, in the language of a page."""
        _, errors = gettext, FormErrors()
        if not self.vehicle:
            errors["vehicle"] = _("Wählen Sie ein Fahrzeug.")
        if not self.place:
            errors["place"] = _("Wählen Sie einen Platz.")
        day = _read(read_day, self.day)
        if day is None:
            errors["day"] = _("Wählen Sie einen Tag.")
        arrives, departs = _read(read_time, self.arrives), _read(read_time, self.departs)
        if arrives is None:
            errors["arrives"] = _("Geben Sie die Uhrzeit so an: 13:00.")
        if departs is None:
            errors["departs"] = _("Geben Sie die Uhrzeit so an: 13:00.")
        elif arrives and departs <= arrives:
            errors["departs"] = _("Geben Sie ein Ende an, das nach dem Anfang liegt.")
        if not self.counters.isascii() or not self.counters.isdigit() or not 1 <= int(self.counters[:4]) <= 99:
            errors["counters"] = _("Geben Sie an, wie viele Schalter offen sind.")
        if errors or day is None or arrives is None or departs is None:
            return None, errors
        return Plan(self.vehicle, self.place, _moment(day, arrives), _moment(day, departs), int(self.counters)), errors


def _read(read: Callable[[str], Any], typed: str) -> Any:
    try:
        return read(typed)
    except ValueError:
        return None


def _moment(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, BERLIN).astimezone(UTC)
