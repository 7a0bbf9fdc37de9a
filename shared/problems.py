"""Problem details (RFC 9457): one base error with a status, one subclass per business failure, one rendering."""

from typing import Any, ClassVar

from pydantic import BaseModel
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one input: `field` is the path in the request, `message` says what to do."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """The body of every error answer of an API (RFC 9457, section 3)."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] = []


class Problem(Exception):
    """A refusal with a reason. Subclasses set the HTTP status, a slug that names the kind, and a title for people.

    Args:
        detail: what this occurrence is about; no personal data.
        errors: the inputs at fault.
        extra: further members of the problem document.
        headers: further headers of the answer, such as Retry-After.
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request cannot be handled"

    def __init__(
        self,
        detail: str | None = None,
        errors: list[FieldError] | None = None,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors or []
        self.extra = extra or {}
        self.headers = headers or {}


class NotFound(Problem):
    status = 404
    slug = "not-found"
    title = "There is nothing at this address"


class InvalidInput(Problem):
    status = 422
    slug = "invalid-input"
    title = "Some inputs need to be corrected"


class Unauthorised(Problem):
    status = 401
    slug = "unauthorised"
    title = "A valid access token is needed"


class Forbidden(Problem):
    status = 403
    slug = "forbidden"
    title = "The access token lacks the role this needs"


class Unavailable(Problem):
    status = 503
    slug = "unavailable"
    title = "Try again in a moment"


def problem_response(problem: Problem) -> JSONResponse:
    """Render a problem as `application/problem+json`."""
    body: dict[str, Any] = {
        "type": f"urn:nahbar:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
    }
    if problem.detail:
        body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = [error.model_dump() for error in problem.errors]
    return JSONResponse(
        body | problem.extra,
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )
