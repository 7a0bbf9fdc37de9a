"""Middleware between a server and an application, without either: limits, answers, HEAD, redirects, measurement."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import generate_latest
from starlette.exceptions import HTTPException

from shared.http import LARGEST_BODY, LARGEST_HEADERS, LARGEST_QUERY, MOST_VALUES, Answers, Limits
from shared.middleware import HeadAsGet, OwnRedirects, Telemetry
from shared.problems import MEDIA_TYPE
from shared.telemetry import Metrics

JSON = [(b"content-type", b"application/json")]


class Application:
    """An application that reads its request, notes it, and answers as told."""

    def __init__(self, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
        self.scopes: list[Any] = []
        self.read = 0
        self.fails_with: Exception | None = None
        self.fails_late = False
        self._status, self._headers = status, headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        more = scope["type"] == "http"
        while more:
            message = await receive()
            self.read += len(message["body"])
            more = message["more_body"]
        if self.fails_with and not self.fails_late:
            raise self.fails_with
        await send({"type": "http.response.start", "status": self._status, "headers": list(self._headers)})
        if self.fails_with:
            raise self.fails_with
        await send({"type": "http.response.body", "body": b""})


def scope(**changes: Any) -> dict[str, Any]:
    """A request as a server hands it over."""
    app = SimpleNamespace(state=SimpleNamespace())
    whole = {"type": "http", "method": "GET", "path": "/api/x", "query_string": b"", "headers": [], "app": app}
    return whole | changes


async def ask(middleware: Any, asked: Any, *parts: bytes) -> dict[str, Any]:
    """The start of the answer to a request whose body comes in parts."""
    left, sent = list(parts or (b"",)), []

    async def receive() -> Any:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    await middleware(asked, receive, send)
    start: dict[str, Any] = sent[0]
    return start


@pytest.mark.parametrize(
    ("parts", "headers", "taken"),
    [
        ([b"a" * LARGEST_BODY], [], True),
        ([b"a" * LARGEST_BODY, b"a"], [], False),
        ([b"a" * (LARGEST_BODY // 4)] * 5, JSON, False),
        ([b"," * MOST_VALUES], JSON, True),
        ([b"," * MOST_VALUES, b","], JSON, False),
        ([b"," * (MOST_VALUES + 1)], [(b"content-type", b"application/problem+json")], False),
        ([b"," * (MOST_VALUES + 1)], [(b"content-type", b"multipart/form-data")], True),
        ([b"," * (MOST_VALUES + 1)], [], True),
    ],
)
async def test_a_body_is_counted_as_it_comes_in(
    parts: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]], taken: bool
) -> None:
    app = Application()
    if taken:
        assert (await ask(Limits(app), scope(headers=headers), *parts))["status"] == 200
        assert app.read == sum(map(len, parts))
    else:
        with pytest.raises(HTTPException) as refusal:
            await ask(Limits(app), scope(headers=headers), *parts)
        assert refusal.value.status_code == 413
        assert app.read <= LARGEST_BODY


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"query_string": b"a" * LARGEST_QUERY, "path": "/" * LARGEST_QUERY}, 200),
        ({"headers": [(b"a", b"b" * (LARGEST_HEADERS // 2 - 1))] * 2}, 200),
        ({"query_string": b"a" * (LARGEST_QUERY + 1)}, 414),
        ({"path": f"/api/{'a' * LARGEST_QUERY}"}, 414),
        ({"headers": [(b"a", b"b" * (LARGEST_HEADERS // 2))] * 2}, 431),
        ({"headers": [(b"a" * LARGEST_HEADERS, b""), (b"b", b"")]}, 431),
    ],
)
async def test_address_and_headers_are_counted_before_anything_reads_them(asked: Any, status: int) -> None:
    app = Application()
    answer = await ask(Limits(app), scope(**asked))
    assert answer["status"] == status
    assert len(app.scopes) == (status == 200)
    assert status == 200 or (b"content-type", MEDIA_TYPE.encode()) in answer["headers"]


async def test_a_page_that_refuses_too_long_an_address_sees_little_of_it() -> None:
    seen: list[Any] = []

    async def error_page(request: Any, problem: Any) -> Any:
        seen.append(request)
        return Application(problem.status)

    asked = scope(path="/" + "a" * 100_000, query_string=b"b" * 100_000, headers=[(b"c", b"d" * 100_000)])
    asked["app"].state.error_page = error_page
    assert (await ask(Limits(Application()), asked))["status"] == 414
    assert (len(seen[0].url.path), seen[0].url.query, seen[0].headers.raw) == (LARGEST_QUERY, "", [])


@pytest.mark.parametrize("middleware", [Limits, HeadAsGet, OwnRedirects, Answers])
async def test_what_is_no_request_passes_by(middleware: Any) -> None:
    app, start = Application(), {"type": "lifespan"}
    await ask(middleware(app), start)
    await ask(Telemetry(app, Metrics("x")), start)
    assert app.scopes == [start, start]


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
async def test_head_alone_is_answered_like_get(method: str) -> None:
    app, asked = Application(), scope(method=method)
    await ask(HeadAsGet(app), asked)
    assert app.scopes[0]["method"] == ("POST" if method == "POST" else "GET")
    assert asked["method"] == method, "the server leaves out the content by it"


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (307, "http://evil.example:80/staff/?a=b", "/staff/?a=b"),
        (307, "/staff/", "/staff/"),
        (303, "https://issuer.test/sign-in?a=b", "https://issuer.test/sign-in?a=b"),
    ],
)
async def test_a_redirect_to_the_last_slash_names_no_host(status: int, location: str, expected: str) -> None:
    app = Application(status, (b"location", location.encode()))
    answer = await ask(OwnRedirects(app), scope())
    assert dict(answer["headers"])[b"location"] == expected.encode()


async def test_what_the_application_did_not_expect_is_answered_once() -> None:
    app = Application()
    app.fails_with = RuntimeError("bug")
    assert (await ask(Answers(app), scope()))["status"] == 500
    with pytest.raises(RuntimeError, match="bug"):  # the server must hear of a start that failed
        await ask(Answers(app), {"type": "lifespan"})
    app.fails_late = True
    with pytest.raises(RuntimeError, match="bug"):
        await ask(Answers(app), scope())


async def test_a_request_is_measured_by_route_and_status_and_its_trace_goes_on() -> None:
    metrics, app = Metrics("x"), Application(201)
    trace = f"00-{'a' * 32}-{'b' * 16}-01".encode()
    route = SimpleNamespace(path="/api/{id}")
    answer = await ask(Telemetry(app, metrics), scope(headers=[(b"traceparent", trace)], route=route))
    assert dict(answer["headers"])[b"traceparent"] == trace
    app.fails_with = RuntimeError("bug")
    with pytest.raises(RuntimeError, match="bug"):
        await ask(Telemetry(app, metrics), scope())
    first, second = [line for line in generate_latest(metrics.registry).decode().splitlines() if "_count{" in line]
    assert 'method="GET",route="/api/{id}",status="201"' in first
    assert 'method="GET",route="unmatched",status="500"' in second
