"""Finding people by what they say of themselves. What is typed travels in the body: no address, no log has it."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.appointments.desk.finding import AHEAD, BACK, MOST_FOUND, MOST_SIGNS, By, read_wanted
from services.appointments.desk.pages.visit import STAFF
from services.appointments.desk.queries import load_stations, load_stops
from services.appointments.desk.search import Found, search
from services.appointments.staff import Clerk
from shared.days import Day
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

router = APIRouter(prefix=f"{STAFF}/find", include_in_schema=False)


class From(BaseModel):
    """The list of a day somebody comes from, and goes back to."""

    place: Annotated[str, Field(max_length=60)] = ""
    day: Day | None = None


@router.get("")
async def back(visit: Clerk, list_: Annotated[From, Query()]) -> Response:
    """A search is not to be found again by its address: back to the list it was made from."""
    return visit.redirect(f"{STAFF}/day?place={await _place(visit, list_)}&day={list_.day or visit.act.today}")


@router.post("")
async def find(
    visit: Clerk,
    list_: Annotated[From, Query()],
    wanted: Annotated[str, Form(max_length=MOST_SIGNS)] = "",
) -> Response:
    """The people it may be, at all of one's stations. A number leads to its appointment at once."""
    _, place, read = visit.gettext, await _place(visit, list_), read_wanted(wanted)
    if read is None:
        errors = FormErrors(wanted=_("Geben Sie mindestens zwei Buchstaben oder vier Ziffern ein."))
        return await _found_page(visit, list_, place, wanted, None, errors)
    found = await search(visit.act, place, read)
    if read.by is By.NUMBER and len(found.exact) == 1:
        return visit.redirect(f"{STAFF}/appointments/{found.exact[0].appointment.number}")
    return await _found_page(visit, list_, place, wanted, found, FormErrors())


async def _place(visit: StaffVisit, list_: From) -> str:
    """The place somebody comes from, as far as it is theirs, else their first."""
    stations = await load_stations(visit.act)
    places = [*stations, *await load_stops(visit.act, list_.day or visit.act.today)]
    return list_.place if list_.place in places else next(iter(places), "")


async def _found_page(
    visit: StaffVisit, list_: From, place: str, typed: str, found: Found | None, errors: FormErrors
) -> Response:
    return visit.render(
        "staff/found.html",
        status=422 if errors else 200,
        place=place,
        day=list_.day or visit.act.today,
        typed=typed,
        found=found,
        first=visit.act.today - BACK,
        last=visit.act.today + AHEAD,
        most=MOST_FOUND,
        errors=errors,
    )
