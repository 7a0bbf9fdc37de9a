"""A client that goes where a browser goes after a post with a mistake."""

import ssl
from typing import Any

import httpx

from shared.web.kept import FIELD

SHOWN_AGAIN = (f"{FIELD}=", "checked=1")
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, for clients that speak no TLS: to load whom to trust costs each client more than most requests do."""


class Browsing(httpx.AsyncClient):
    """Follows redirects to kept pages and to the mistakes of a draft, and no others: those are for tests to see."""

    def __init__(self, **options: Any) -> None:
        super().__init__(verify=PLAIN, **options)

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        answer = await super().send(request, **how)
        address = answer.headers.get("location", "")
        if request.method != "POST" or not any(each in address for each in SHOWN_AGAIN):
            return answer
        same = {name: request.headers[name] for name in ("Cookie", "Authorization") if name in request.headers}
        return await super().send(self.build_request("GET", address, headers=same), **how)
