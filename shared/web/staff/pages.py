"""The pages every staff area has: sign-in, its start page, sign-out."""

import re
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from shared.http import CurrentTools
from shared.problems import Unavailable
from shared.web.i18n import LANGUAGES, language_of
from shared.web.staff.session import Session, Started
from shared.web.staff.sign_in import SignInFailed
from shared.web.staff.visit import StaffVisit, signed_in, staff


@cache
def staff_pages(name: str) -> APIRouter:
    """The routes under `/<service>/staff` that do not depend on what the service does.

    Args:
        name: of the service.
    """
    router = APIRouter(prefix=f"/{name}/staff", include_in_schema=False)

    @router.get("/")
    async def start(visit: Annotated[StaffVisit, Depends(staff())]) -> Response:
        """What somebody may do here."""
        return visit.render("staff/start.html")

    @router.get("/sign-in")
    async def sign_in(request: Request, tools: CurrentTools, to: str = "") -> Response:
        """Off to the issuer."""
        home = f"{language_of(request).prefix}/{name}/staff/"
        started = Started(to=to if is_own_page(name, to) else home)
        response = RedirectResponse(await tools.sign_in.address(started), 303)
        tools.sessions.start(response, started)
        return response

    @router.get("/signed-in")
    async def back(request: Request, tools: CurrentTools) -> Response:
        """Back from the issuer: from here on there is a session, or a reason why not."""
        started = tools.sessions.started(request)
        if started is None:
            raise SignInFailed
        session = await tools.sign_in.session(started, request.query_params)
        response = RedirectResponse(started.to, 303)
        tools.sessions.begin(response, session)
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request, tools: CurrentTools, _: Annotated[Session, Depends(signed_in())]) -> Response:
        """The session ends here, then at the issuer.

        The page goes on by itself: a redirect to another site is no answer to a form that may only lead to this one.
        """
        done = f"{language_of(request).prefix}/{name}/staff/signed-out"
        try:
            further = await tools.sign_in.sign_out_address(tools.settings.platform.public_url + done)
        except Unavailable:
            further = None
        response: Response = request.app.state.pages.render(request, "staff/signed_out.html", passing=True)
        response.headers["Refresh"] = f"0; url={further or done}"
        tools.sessions.end(response)
        return response

    @router.get("/signed-out")
    async def signed_out(request: Request) -> Response:
        """The end."""
        response: Response = request.app.state.pages.render(request, "staff/signed_out.html", secret=True)
        return response

    return router


def is_own_page(name: str, to: str) -> bool:
    """Whether a path leads to a staff page of the service, and to no other site however a browser reads it."""
    prefixes = "|".join(each.prefix for each in LANGUAGES)
    return re.fullmatch(rf"({prefixes})/{name}/staff/[\w./?=&%+:,~-]*", to, re.ASCII) is not None and ".." not in to
