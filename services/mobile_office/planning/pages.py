"""Planning help: how often each Ortsteil was visited, how fair that is, and a proposal to take over week by week."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from services.mobile_office.fleet.names import load_names
from services.mobile_office.pages import STAFF
from services.mobile_office.planning import usecases
from services.mobile_office.planning.domain import WEEKS
from services.mobile_office.planning.usecases import ProposalOutdated, load_help
from services.mobile_office.staff import Lead
from shared.days import Day
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

PAGE = f"{STAFF}/planning-help"

router = APIRouter(prefix=PAGE, include_in_schema=False)


class TakingOver(BaseModel):
    """Which weeks are to be planned as the proposal of this version has them."""

    version: Annotated[str, Field(max_length=40)]
    mondays: Annotated[list[Day], Field(max_length=WEEKS)] = []


@router.get("")
async def show(visit: Lead) -> Response:
    """How fair the last weeks were, and the proposal for the next."""
    return await _page(visit, [], FormErrors())


@router.post("")
async def take_over(visit: Lead, wanted: Annotated[TakingOver, Form()]) -> Response:
    """Plan weeks as proposed. If the proposal has become another, it is shown again with what was ticked."""
    if not wanted.mondays:
        errors = FormErrors(mondays=visit.gettext("Wählen Sie mindestens eine Woche."))
        return await _page(visit, [], errors)
    try:
        async with visit.act.attempt():
            chosen = await usecases.take_over(visit.act, wanted.version, wanted.mondays)
    except ProposalOutdated:
        return await _page(visit, wanted.mondays, FormErrors(), outdated=True)
    return visit.redirect(f"{STAFF}/planner?week={chosen[0]}" if chosen else PAGE)


async def _page(visit: StaffVisit, ticked: list[date], errors: FormErrors, outdated: bool = False) -> Response:
    _fleet, names = await load_names(visit)
    found = await load_help(visit.act)
    return visit.render(
        "staff/planning_help.html",
        status=409 if outdated else 422 if errors else 200,
        help=found,
        weeks=WEEKS,
        city_districts=visit.act.tools.city.districts,
        ticked=[str(monday) for monday in ticked],
        errors=errors,
        outdated=outdated,
        **names,
    )
