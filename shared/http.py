"""HTTP: dependencies of endpoints, limits of requests, errors as problem documents, health."""

import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.act import Act
from shared.auth import Caller, require_role
from shared.db import Connection
from shared.failures import Failure, classify, is_not_text, without_input
from shared.origins import Origins
from shared.problems import (
    MEDIA_TYPE,
    FieldError,
    InvalidInput,
    NotFound,
    Problem,
    ProblemDocument,
    Unavailable,
    problem_response,
)
from shared.tools import Tools

LARGEST_BODY = 64 * 1024
LARGEST_QUERY = 4 * 1024
LARGEST_HEADERS = 16 * 1024
MOST_VALUES = 1000
"""So many commas a body of JSON may have: each could part two values, and each wrong value costs time. Forms may have
as many fields (Starlette)."""
MOST_FIELD_ERRORS = 20
"""So many mistakes are named at once."""

log = structlog.get_logger()


# Dependencies are coroutines although they wait for nothing: FastAPI runs plain functions in a thread of their own.
async def current_tools(request: Request) -> Tools:
    """FastAPI dependency: the tools of the service that answers."""
    tools: Tools = request.app.state.tools
    return tools


CurrentTools = Annotated[Tools, Depends(current_tools)]


async def current_act(request: Request, conn: Connection) -> Act:
    """FastAPI dependency: what a request of the public does, in the one transaction of the request."""
    state = request.app.state
    origins: Origins | None = state.origins
    tools: Tools = state.tools
    return Act(conn, tools, tools.clock.now(), origin=origins.of(request) if origins else None)


CurrentAct = Annotated[Act, Depends(current_act)]


def act_of(role: str) -> Callable[..., Coroutine[Any, Any, Act]]:
    """FastAPI dependency: what somebody with a role does; raises Unauthorised or Forbidden without it."""

    async def staff_act(
        who: Annotated[Caller, Depends(require_role(role))], tools: CurrentTools, conn: Connection
    ) -> Act:
        return Act(conn, tools, tools.clock.now(), who=who)

    return staff_act


class Answers:
    """ASGI middleware: answers what the application did not expect.

    A handler registered for `Exception` would answer too, but Starlette then raises the exception once more, and the
    server logs a traceback for every database that is away for a moment.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started |= message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            response = await _answer_problem(Request(scope, receive), error)
            await response(scope, receive, send)


class Limits:
    """ASGI middleware: no request makes a process hold, or work through, more than a request of this platform needs.

    Query and headers are counted before anything reads them, for both are parsed and shown in pages in many places; the
    body while it comes in. Starlette's own `RequestBodyLimitMiddleware` answers in plain text; here the application's
    error handlers answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := _too_long(scope):
            bare = {**scope, "path": f"{scope['path']:.{LARGEST_QUERY}}", "query_string": b"", "headers": []}
            response = await _answer_problem(Request(bare, receive), refusal)
            await response(scope, receive, send)
            return
        is_json = b"json" in dict(scope["headers"]).get(b"content-type", b"")
        received = values = 0

        async def limited() -> Message:
            nonlocal received, values
            message = await receive()
            part = message.get("body", b"")
            received += len(part)
            values += part.count(b",") if is_json else 0
            if received > LARGEST_BODY or values > MOST_VALUES:
                raise HTTPException(413, "The request is too large")
            return message

        await self._app(scope, limited, send)


def _too_long(scope: Scope) -> HTTPException | None:
    if len(scope["query_string"]) > LARGEST_QUERY or len(scope["path"]) > LARGEST_QUERY:
        return HTTPException(414, "The address is too long")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        return HTTPException(431, "The headers are too large")
    return None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with problem documents of these statuses."""
    document = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "model": ProblemDocument, "content": {MEDIA_TYPE: document}}
        for status in statuses
    }


def api_router(prefix: str, tag: str, *statuses: int) -> APIRouter:
    """A router of an API, where every route may refuse its input (422) or miss its database (503).

    Args:
        prefix: of all its paths.
        tag: heads its routes in the documentation.
        statuses: further problems each route may answer with.
    """
    return APIRouter(prefix=prefix, tags=[tag], responses=problems(422, 503, *statuses))


def as_problem(error: Exception) -> Problem:
    """The problem that answers an exception: our refusals as they are, wrong input as 422, outages as 503, else 500."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return InvalidInput(errors=[_field_error(each) for each in error.errors()[:MOST_FIELD_ERRORS]])
    if isinstance(error, HTTPException):
        return _problem_of(error)
    if is_not_text(error):
        return InvalidInput()
    if classify(error) is Failure.TRANSIENT:
        log.warning("dependency_away", error=without_input(error))
        return Unavailable(headers={"Retry-After": "2"})
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return _Unexpected()


class _Unexpected(Problem):
    status = 500
    slug = "internal"
    title = "This is our fault"


def _problem_of(error: HTTPException) -> Problem:
    if error.status_code == 404:
        return NotFound()
    kind = type(
        "HttpProblem",
        (Problem,),
        {
            "status": error.status_code,
            "slug": f"http-{error.status_code}",
            "title": str(error.detail),
        },
    )
    problem: Problem = kind(headers=dict(error.headers or {}))
    return problem


def _field_error(error: dict[str, Any]) -> FieldError:
    where = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
    if error["type"] == "json_invalid":
        where = []  # the place in the text, which is no field
    return FieldError(
        field=".".join(where) or "body",
        message=re.sub(r"^Value error, ", "", error["msg"]),
    )


async def _answer_problem(request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    render = getattr(request.app.state, "error_page", None)
    if render is not None and "/api/" not in request.url.path:
        page: Response = await render(request, problem)
        return page
    return problem_response(problem)


def install_errors(app: FastAPI) -> None:
    """Answer every exception: problem documents under /api/, error pages elsewhere."""
    for kind in (Problem, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer_problem)
    app.add_middleware(Answers)


async def without_prefix(request: Request) -> None:
    """FastAPI dependency: a path with a language in front is a person's, and people have no operations."""
    if request.scope.get("root_path"):
        raise NotFound
