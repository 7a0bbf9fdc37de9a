"""A visit of somebody who is signed in: one dependency protects a page of staff."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.responses import Response

from shared.manifest import Area
from shared.problems import Forbidden, Problem
from shared.texts import N_ as N_
from shared.web.staff.session import Session
from shared.web.visit import CurrentVisit, Visit

FORM_FIELD: Final = "sitzung"
"""The hidden field that ties a form to a session."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of a staff area: its path, its name, one sentence on it, and the role it takes."""

    path: str
    title: str
    text: str
    role: str


@dataclass(frozen=True, slots=True)
class StaffArea:
    """What there is for staff in a service, in the order of the navigation. `app.state.staff_area` of an application.

    Args:
        entries: its pages.
        actions: what the audit log calls the actions of the service, by their key.
        others: the areas of the other services; `deploy/services.py` fills them in.
    """

    entries: Sequence[Entry] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[Area] = ()

    def others_for(self, roles: Collection[str]) -> Sequence[Area]:
        """The areas of other services that somebody's roles (`<service>:<role>`) open."""
        served = {role.partition(":")[0] for role in roles}
        return [area for area in self.others if area.service in served]


class SignInNeeded(Problem):
    """Nobody is signed in: the sign-in comes first, and then the page."""

    status = 303
    slug = "sign-in-needed"
    title = "Sign in first"

    def __init__(self, service: str, to: str) -> None:
        super().__init__(headers={"Location": f"/{service}/staff/sign-in?{urlencode({'to': to})}"})


@dataclass(frozen=True, slots=True)
class StaffVisit(Visit):
    """A visit by a member of the staff."""

    who: Session

    def render(self, template: str, **context: Any) -> Response:
        """Answer with a page nobody stores; it knows the session, and the navigation as far as their roles go."""
        area: StaffArea = self.request.app.state.staff_area
        return self.pages.render(
            self.request,
            template,
            secret=True,
            who=self.who,
            session=self.who.form_token,
            area=f"/{self.act.tools.name}/staff",
            entries=[each for each in area.entries if each.role in self.who.roles],
            other_areas=area.others_for(self.who.roles),
            here=self.request.url.path.removeprefix(self.language.prefix),
            **context,
        )


def signed_in(role: str | None = None) -> Callable[[Request], Awaitable[Session]]:
    """FastAPI dependency: a signed-in member with the role; a post must carry the session's form token.

    Raises:
        SignInNeeded: nobody is, and a page was asked for.
        Forbidden: no session, no form token or no role.
    """

    async def session(request: Request) -> Session:
        tools = request.app.state.tools
        found: Session | None = tools.sessions.of(request)
        if request.method in ("GET", "HEAD"):
            if found is None:
                query = f"?{request.url.query}" if request.url.query else ""
                raise SignInNeeded(tools.name, request.url.path + query)
        elif found is None or not found.allows(str((await request.form()).get(FORM_FIELD, ""))):
            raise Forbidden
        if role is not None and role not in found.roles:
            raise Forbidden
        return found

    return session


def staff(role: str | None = None) -> Callable[..., Awaitable[StaffVisit]]:
    """FastAPI dependency of a page for staff: the visit of somebody with a role; see `signed_in`."""

    async def visit(who: Annotated[Session, Depends(signed_in(role))], visit: CurrentVisit) -> StaffVisit:
        act = replace(visit.act, who=who, origin=None)
        return StaffVisit(visit.request, act, visit.pages, who)

    return visit
