"""Requests of any shape up to the limit, at every endpoint: no 5xx, no long answer, no long work in the event loop."""

import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from deploy.services import create, settings_class
from shared.http import LARGEST_BODY, LARGEST_HEADERS, LARGEST_QUERY, MOST_VALUES
from shared.runtime import Role
from shared.settings import SERVICES, Platform
from tests.services.kit import client_of
from tests.support.routes import routes_of
from tests.support.stack import Backend

JSON, FORM, PARTS = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="topics"\r\n\r\n1\r\n'
FILE = PART.replace(b'"topics"', b'"topics"; filename="f"')
END = b"--b--\r\n"
FITS = MOST_VALUES - 1

BODIES: list[tuple[str, bytes]] = [
    (JSON, b"[" * 60_000),
    (JSON, b'{"a":' * 12_000),
    (JSON, b'{"name":' + b"[" * 900 + b"]" * 900 + b"}"),
    (JSON, b'{"topics":[%s0]}' % (b'"",' * FITS)),
    (JSON, b'{"topics":[%s0]}' % (b"null," * 12_000)),
    (JSON, b"{%s}" % b",".join(b'"%d":0' % number for number in range(6000))),
    (JSON, b"{%s}" % b",".join(b'"%d":0' % number for number in range(FITS))),
    (JSON, b'{"name":"\\ud800","mail":"\\u0000","day":NaN,"stops":[1e999],"districts":[%s]}' % (b"9" * 4000)),
    (JSON, b"\xff\xfe{\x00"),
    (JSON, b"null"),
    (FORM, b"a&" * 30_000),
    (FORM, b"topics=%ff&" * 990),
    (FORM, b"name=" + b"%00" * 20_000),
    (f"{FORM}; charset=nonsense", b"name=%E4"),
    (PARTS, PART * 900 + END),
    (PARTS, FILE * 700 + END),
    (PARTS, PART),
    ("multipart/form-data", PART),
    ("nonsense", b"\x00" * 60_000),
]
SHORT_ENOUGH = [f"?day={day}" for day in ("%00", "%ff", "-1", "9" * 400, "9999-12-31")] + ["?" + "b&" * 2000]
TOO_LONG = "?" + "&" * (LARGEST_QUERY + 1)
QUICK = 0.02
"""Seconds of work nobody need look at."""
COOKIES = [b"; " * 7000, b'x="' + b"\\" * 15_000, b"\xe4=\xff"]


def targets(app: FastAPI) -> Iterator[tuple[str, str]]:
    """A method and a path of each route."""
    for route in routes_of(app):
        yield route.method, re.sub(r"{[^}]*}", "x", route.path)


def yardstick() -> float:
    """Seconds of work that take this machine, however slow, as long as an endpoint may take: 50 ms of a usual core."""
    started = time.thread_time()
    sum(number * number for number in range(1_000_000))
    return time.thread_time() - started


async def ask(client: httpx.AsyncClient, method: str, path: str, **sent: object) -> httpx.Response:
    """Send a request; if it takes long, once or twice more, for the first may have had to load something."""
    for _ in range(3):
        started = time.thread_time()
        answer = await client.request(method, path, **sent)  # type: ignore[arg-type]
        cost = time.thread_time() - started
        if cost <= QUICK or cost <= (longest := yardstick()):
            break
    what = f"{method} {path[:60]} {str(sent)[:120]}: {answer.status_code} after {cost:.3f} s"
    assert cost <= QUICK or cost <= longest, what
    assert answer.status_code < 500 or "/staff" in path, what
    assert len(answer.content) < LARGEST_BODY or path.partition("?")[0].endswith("/metrics"), what
    return answer


@pytest.mark.parametrize("name", SERVICES)
async def test_no_request_is_long_work(
    name: str, stack: Backend, topic_prefix: str, database: Callable[[str], Awaitable[str]]
) -> None:
    platform = Platform(kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix)
    settings = settings_class(name)(platform=platform, database=await database(name))
    app = create(settings, frozenset({Role.HTTP}))
    async with client_of(app) as client:
        for method, path in targets(app):
            for kind, body in BODIES if method != "GET" else []:
                await ask(client, method, path, content=body, headers={"Content-Type": kind})
            for query in SHORT_ENOUGH if method == "GET" else SHORT_ENOUGH[:1]:
                await ask(client, method, path + query)
            for cookie in COOKIES:
                await ask(client, method, path, headers={b"Cookie": cookie})
            assert (await ask(client, method, path + TOO_LONG)).status_code == 414
            headers: Mapping[str, str] = {"Cookie": "x" * LARGEST_HEADERS}
            assert (await ask(client, method, path, headers=headers)).status_code == 431


def unbounded(schema: Mapping[str, Any], known: Mapping[str, Any], where: str) -> Iterator[str]:
    """The strings and lists in a schema that may be of any length."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from unbounded(known[name], known, name)
    for each in [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]:
        yield from unbounded(each, known, where)
    if schema.get("type") == "string" and not {"maxLength", "pattern", "enum", "format", "const"} & set(schema):
        yield where
    if schema.get("type") == "array":
        if "maxItems" not in schema:
            yield where
        yield from unbounded(schema["items"], known, f"{where}[]")
    for name, value in schema.get("properties", {}).items():
        yield from unbounded(value, known, f"{where}.{name}")


@pytest.mark.parametrize("name", SERVICES)
async def test_every_text_and_list_in_a_body_has_a_limit(name: str) -> None:
    app = create(settings_class(name)(), frozenset({Role.HTTP}))
    document = app.openapi()
    await app.state.tools.db.close()
    known = document["components"]["schemas"]
    bodies = [
        content["schema"]
        for operations in document["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert bodies
    assert [where for schema in bodies for where in unbounded(schema, known, "")] == []
