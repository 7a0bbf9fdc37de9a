"""A client that goes where a browser goes after a post: to the page that is kept as its answer."""

from typing import Any

import httpx

from shared.web.kept import FIELD


class Browsing(httpx.AsyncClient):
    """Follows redirects to kept pages, and no others: where a post leads otherwise is for tests to see."""

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        answer = await super().send(request, **how)
        address = answer.headers.get("location", "")
        if request.method != "POST" or f"{FIELD}=" not in address:
            return answer
        same = {name: request.headers[name] for name in ("Cookie", "Authorization") if name in request.headers}
        return await super().send(self.build_request("GET", address, headers=same), **how)
