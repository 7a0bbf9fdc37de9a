"""A simulated Jitsi server: lets in whoever brings a token for the room, and shows that they are in."""

from html import escape
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from jwt import InvalidTokenError

from shared.clock import Clock
from shared.settings import development_secret

APP_ID = "nahbar"
SECRET = development_secret("video rooms")
"""The app's secret where no other is given."""

_PAGE = """<!doctype html><html lang="de"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>"""


def create_rooms(host: str, clock_file: Path | None, app_id: str = APP_ID, secret: str = SECRET) -> APIRouter:
    """The rooms' routes.

    Args:
        host: the server's name, the `sub` of its tokens.
        clock_file: moves this server's clock with that of the services; a real one needs none.
        app_id: whose tokens are taken.
        secret: shared with whoever makes tokens.
    """
    clock, router = Clock(clock_file), APIRouter()

    def admitted(room: str, token: str) -> dict[str, Any]:
        # The token's times are checked here, because PyJWT only knows the machine's own clock.
        options: Any = {"require": ["exp", "nbf"], "verify_exp": False, "verify_nbf": False}
        claims = jwt.decode(token, secret, ["HS256"], options, audience=app_id, issuer=app_id, subject=host)
        if claims["room"] != room:
            raise InvalidTokenError("The token is for another room.")
        if not claims["nbf"] <= clock.now().timestamp() < claims["exp"]:
            raise InvalidTokenError("The token is not valid now.")
        return dict(claims["context"]["user"])

    @router.get("/{room}")
    def enter(room: str, token: Annotated[str, Query(alias="jwt")] = "") -> HTMLResponse:
        try:
            user = admitted(room, token)
        except InvalidTokenError as error:
            return _page("Sie kommen hier nicht hinein", str(error), 403)
        leads = "Sie leiten das Gespräch." if user["moderator"] == "true" else "Sie sind Gast."
        return _page("Sie sind im Raum", f"{user['name']}: {leads}", 200)

    return router


def _page(title: str, text: str, status: int) -> HTMLResponse:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}
    return HTMLResponse(_PAGE.format(title=title, text=escape(text)), status, headers=headers)
