"""Pages that answer a post: each is kept for a while and the browser sent to it, so that "back" and "reload" find it.

A browser cannot show the answer to a post again unless it posts again or has stored the page, which ours must not, for
they show what people typed. What is kept can be read with its address alone, and at a desk with its session: neither
stands in the database, which holds a page encrypted with them.
"""

import json
import secrets
import zlib
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from nacl.secret import SecretBox
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.failures import Failure, classify
from shared.http import LARGEST_QUERY
from shared.retention import KEPT_PAGES
from shared.statements import Query, Statement
from shared.web.staff.session import session_text

FIELD: Final = "kept"
"""The part of an address that names a kept page."""
_KEEP = Statement("insert into kept_pages (name, box) values (:name, :box)")
# Pages age in real time, as browsers hold them: clocks that are moved must not take them away.
_FIND = Query(bytes, "select box from kept_pages where name = :name and kept_at > now() - cast(:age as interval)")


class KeptPage(HTMLResponse):
    """A page that answers a post: it is kept, and the answer leads to it (303).

    While the database is away, or where the address would be longer than one may be, the page itself is the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, token = Request(scope), secrets.token_urlsafe(18)
        others = [(name, value) for name, value in parse_qsl(request.url.query, True) if name != FIELD]
        query = urlencode([*others, (FIELD, token)])
        if len(query) > LARGEST_QUERY:
            await super().__call__(scope, receive, send)
            return
        try:
            async with scope["app"].state.tools.db.transaction() as conn:
                await self._keep(conn, request, token)
        except Exception as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            await super().__call__(scope, receive, send)
            return
        await RedirectResponse(f"{quote(request.url.path)}?{query}", 303)(scope, receive, send)

    async def _keep(self, conn: AsyncConnection, request: Request, token: str) -> None:
        name, box = _lock(request, token)
        content = [self.status_code, dict(self.headers), bytes(self.body).decode()]
        sealed = bytes(box.encrypt(zlib.compress(json.dumps(content).encode())))
        await _KEEP.run(conn, {"name": name, "box": sealed})


class KeptPages:
    """ASGI middleware: shows kept pages. Where one is forgotten, or somebody else's, it is as if none were named."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            request = Request(scope)
            if (token := request.query_params.get(FIELD)) and (page := await _find(request, token)):
                await page(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _find(request: Request, token: str) -> Response | None:
    name, box = _lock(request, token)
    async with request.app.state.tools.db.transaction() as conn:
        sealed = await _FIND.first(conn, {"name": name, "age": KEPT_PAGES})
    if sealed is None:
        return None
    status, headers, body = json.loads(zlib.decompress(box.decrypt(sealed)))
    return Response(body, status, headers)


def _lock(request: Request, token: str) -> tuple[str, SecretBox]:
    """The name of a page and the box it lies in, both of its address and the session that may see it."""
    whole = json.dumps([token, request.url.path, session_text(request)]).encode()
    return sha256(b"name" + whole).hexdigest(), SecretBox(sha256(b"box" + whole).digest())
