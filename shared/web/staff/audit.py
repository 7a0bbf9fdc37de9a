"""The audit log as a page and as JSON, for those who answer for what staff do."""

from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.responses import Response

from shared.audit import load_audit
from shared.auth import Caller, require_role
from shared.db import Connection
from shared.http import api_router, problems
from shared.web.staff.visit import StaffVisit, staff

PAGE = 50
"""Entries of a page."""


class DeedOut(BaseModel):
    """What a member of the staff did, when, to which matter."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: AwareDatetime
    who: str
    action: str
    matter: UUID | None
    station: str | None
    details: dict[str, Any]


@cache
def audit_pages(name: str, role: str) -> APIRouter:
    """`/<service>/staff/audit` and `/<service>/api/v1/staff/audit`: the deeds of one's own stations, newest first.

    Args:
        name: of the service.
        role: needed to read.
    """
    router = api_router(f"/{name}", "staff")

    @router.get("/staff/audit", include_in_schema=False)
    async def page(visit: Annotated[StaffVisit, Depends(staff(role))], before: UUID | None = None) -> Response:
        deeds = await load_audit(visit.act.conn, sorted(visit.who.stations), before, PAGE)
        actions = visit.request.app.state.staff_area.actions
        return visit.render("staff/audit.html", deeds=deeds, actions=actions, more=len(deeds) == PAGE)

    @router.get("/api/v1/staff/audit", responses=problems(401, 403))
    async def audit(
        conn: Connection, caller: Annotated[Caller, Depends(require_role(role))], before: UUID | None = None
    ) -> list[DeedOut]:
        """The audit log of the caller's stations, newest first, 50 at a time; `before` is the last id of the page."""
        return [DeedOut.model_validate(deed) for deed in await load_audit(conn, sorted(caller.stations), before, PAGE)]

    return router
