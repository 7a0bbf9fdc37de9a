"""Planning help as JSON, for who leads."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.mobile_office.bodies import API, Body
from services.mobile_office.planning import usecases
from services.mobile_office.planning.domain import WEEKS
from services.mobile_office.planning.usecases import load_help
from services.mobile_office.staff import LeadAct
from services.mobile_office.tours.bodies import PlanBody
from shared.days import Day
from shared.http import api_router, problems

router = api_router(f"{API}/staff/planning-help", "planning help")


class FairnessOut(BaseModel):
    """How fair eight weeks are.

    `visits` is the number of stops per Ortsteil, `per_residents` that per 10,000 residents of a Stadtbezirk; `spread`
    the largest of those divided by the smallest, null if one has none. `longest_gap` is the longest time in weeks an
    Ortsteil waits for the next stop; `left_out` are those without any, `missed` counts per Stadtbezirk the weeks
    without a stop.
    """

    model_config = ConfigDict(from_attributes=True)

    visits: dict[int, int]
    per_residents: dict[int, float]
    spread: float | None
    longest_gap: int
    left_out: list[int]
    missed: dict[int, int]


class HelpOut(BaseModel):
    """How fair the last eight weeks were, and a proposal for the eight from `first` on; its `version` goes back.

    `planned` says how fair they are as they are planned, `proposed` with the proposal. `kept` are stops people know of.
    """

    first: date
    version: str
    past: FairnessOut
    planned: FairnessOut
    proposed: FairnessOut
    kept: list[PlanBody]
    proposal: list[PlanBody]


class TakingOverIn(Body):
    """Which weeks are to be planned as the proposal of this version has them, by their Mondays."""

    version: Annotated[str, Field(max_length=40)]
    mondays: Annotated[list[Day], Field(min_length=1, max_length=WEEKS)]


@router.get("", responses=problems(401, 403))
async def show(act: LeadAct) -> HelpOut:
    """How often each Ortsteil was visited, and what would be fair. It changes nothing."""
    found = await load_help(act)
    return HelpOut(
        first=found.first,
        version=found.version,
        past=FairnessOut.model_validate(found.past),
        planned=FairnessOut.model_validate(found.planned),
        proposed=FairnessOut.model_validate(found.proposed),
        kept=[PlanBody.of(plan) for plan in found.kept],
        proposal=[PlanBody.of(plan) for plan in found.proposal],
    )


@router.post("/takeover", responses=problems(401, 403, 409, 422))
async def take_over(act: LeadAct, wanted: TakingOverIn) -> list[Day]:
    """Plan weeks as proposed: what was only planned goes, what people know of stays. Returns the weeks."""
    return await usecases.take_over(act, wanted.version, wanted.mondays)
