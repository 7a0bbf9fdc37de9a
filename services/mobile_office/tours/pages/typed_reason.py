"""Why something changes, as it is typed into a form."""

from pydantic import BaseModel

from services.mobile_office.pages import Text
from services.mobile_office.tours.reasons import Reason
from shared.events.mobile_office import StopReason
from shared.lines import legible_line
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

LONGEST_WORDS = 200


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
