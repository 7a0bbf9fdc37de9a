"""The tour plan as JSON, for everybody."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.mobile_office.bodies import API, Key
from services.mobile_office.tours.bodies import StopOut
from services.mobile_office.tours.queries import find_stop, load_announced
from services.mobile_office.tours.usecases import midnight
from shared.db import Connection
from shared.events.mobile_office import StopState
from shared.http import CurrentAct, api_router, problems
from shared.problems import NotFound
from shared.recurrence import WEEK, monday_of

router = api_router(f"{API}/stops", "stops")

Number = Annotated[int | None, Field(ge=0, le=9999)]


class StopFilter(BaseModel):
    """Which stops of which week are wanted."""

    weeks_ahead: Annotated[int, Field(ge=0, le=8, description="0 is this week, 1 the next.")] = 0
    district: Number = None
    quarter: Number = None
    service: Annotated[Key | None, Field(description="The key of a service offered at the stop.")] = None

    def holds(self, state: StopState) -> bool:
        """Whether a stop is one of those."""
        return (
            self.district in (None, state.place.district)
            and self.quarter in (None, state.place.quarter)
            and (self.service is None or self.service in state.services)
        )


@router.get("")
async def stops(act: CurrentAct, wanted: Annotated[StopFilter, Query()]) -> list[StopOut]:
    """The stops of a week, in order of time, cancelled ones too; of a Stadtbezirk or an Ortsteil where asked for."""
    monday = monday_of(act.today) + timedelta(weeks=wanted.weeks_ahead)
    found = await load_announced(act.conn, midnight(monday), midnight(monday + WEEK))
    return [StopOut.of(each) for each in found if each.announced and wanted.holds(each.announced)]


@router.get("/{id}", responses=problems(404))
async def stop(id: UUID, conn: Connection) -> StopOut:
    """A stop, also when it is over or cancelled."""
    found = await find_stop(conn, id)
    if found is None or found.announced is None:
        raise NotFound
    return StopOut.of(found)
