"""ASGI middleware of every application: trace and metrics of requests, HEAD, redirects of one's own."""

import time
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import Metrics, enter_trace


class Telemetry:
    """ASGI middleware: continues the caller's trace and measures each request by its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        trace = enter_trace(headers.get(b"traceparent", b"").decode("latin-1"))
        started = time.perf_counter()
        status = "500"

        async def send_with_trace(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                message["headers"] = [
                    *message["headers"],
                    (b"traceparent", trace.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_trace)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._requests.labels(scope["method"], route, status).observe(time.perf_counter() - started)


class HeadAsGet:
    """ASGI middleware: HEAD is answered like GET (RFC 9110, section 9.3.2); the server leaves out the content.

    FastAPI's routes answer GET alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send)


class OwnRedirects:
    """ASGI middleware: a redirect to the path with or without its last slash names no host.

    Starlette makes it of the Host header, which is whatever the client says.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def relative(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.TEMPORARY_REDIRECT:
                headers = MutableHeaders(raw=message["headers"])
                headers["Location"] = urlsplit(headers["Location"])._replace(scheme="", netloc="").geturl()
            await send(message)

        await self._app(scope, receive, relative)
