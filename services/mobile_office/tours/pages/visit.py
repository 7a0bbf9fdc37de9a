"""A visit of somebody who works on the tours, and the reason they give."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.tours.pages.names import names_of
from services.mobile_office.tours.reasons import Reason
from shared.events.mobile_office import StopReason
from shared.lines import legible_line
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

STAFF = "/mobile_office/staff"
"""What the paths of these pages begin with."""
LONGEST_WORDS = 200

Text = Annotated[str, Field(max_length=1000)]


class TypedReason(BaseModel):
    """Why something changes, as chosen: a fixed reason, and own words on it."""

    reason: Text = ""
    words: Text = ""


def read_reason(visit: StaffVisit, typed: TypedReason, errors: FormErrors) -> Reason | None:
    """The reason that was given; what is wrong with it is added to the errors."""
    _ = visit.gettext
    words: str | None = None
    if typed.words.strip():
        try:
            words = legible_line(typed.words)
        except ValueError:
            errors["words"] = _("Tippen Sie den Satz neu ein. Er enthält Zeichen, die wir nicht darstellen können.")
        if words and len(words) > LONGEST_WORDS:
            errors["words"] = _("Schreiben Sie höchstens 200 Zeichen.")
    if typed.reason not in set(StopReason):
        errors["reason"] = _("Wählen Sie einen Grund.")
        return None
    return Reason(StopReason(typed.reason), words)


async def load_names(visit: StaffVisit) -> tuple[Fleet, Mapping[str, Any]]:
    """The fleet, and what every page for staff needs to call its parts by their names."""
    city = visit.act.tools.city
    fleet = await load_fleet(visit.act.conn, city)
    return fleet, {"fleet": fleet, **names_of(city)}
