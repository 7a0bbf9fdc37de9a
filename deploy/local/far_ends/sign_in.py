"""Sign-in at the laptop stack's issuer: a page to choose somebody from, and codes for it (RFC 6749 4.1, RFC 7636)."""

import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, HTTPException, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from deploy.local.far_ends.staff import STAFF

CODE_SECONDS = 60
CALLBACK = "/staff/signed-in"
"""How the addresses end that a sign-in may lead back to."""


class Asked(BaseModel):
    """What a client asks for."""

    response_type: str
    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    scope: str = "openid"

    def check(self) -> None:
        """Refuse with 400 what is not a code flow with PKCE, or leads elsewhere."""
        flow = (self.response_type, self.code_challenge_method) == ("code", "S256") and "openid" in self.scope.split()
        if not flow or not urlsplit(self.redirect_uri).path.endswith(CALLBACK):
            raise HTTPException(400)


class Chosen(Asked):
    """The page's form: what was asked for, and who signs in."""

    member: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    member: str
    asked: Asked
    until: float

    def fits(self, client: str, redirect_uri: str, verifier: str) -> bool:
        """Whether whoever redeems the code is who asked for it."""
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return (
            time.time() < self.until
            and (client, redirect_uri) == (self.asked.client_id, self.asked.redirect_uri)
            and secrets.compare_digest(challenge.encode(), self.asked.code_challenge.encode())
        )


def create_sign_in(url: str, grants: dict[str, Grant]) -> APIRouter:
    """The pages people see.

    Args:
        url: the issuer's own address.
        grants: where codes are kept until they are redeemed.
    """
    files = FileSystemLoader(Path(__file__).parent / "templates")
    template = Environment(loader=files, autoescape=True, undefined=StrictUndefined).get_template("sign_in.html")
    router = APIRouter()

    @router.get("/authorize")
    def page(asked: Annotated[Asked, Query()]) -> HTMLResponse:
        asked.check()
        body = template.render(staff=STAFF, asked=asked.model_dump())
        return HTMLResponse(body, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    @router.post("/authorize")
    def choose(chosen: Annotated[Chosen, Form()]) -> RedirectResponse:
        chosen.check()
        if chosen.member not in STAFF:
            raise HTTPException(400)
        code = secrets.token_urlsafe(24)
        grants[code] = Grant(chosen.member, chosen, time.time() + CODE_SECONDS)
        answer = urlencode({"code": code, "state": chosen.state, "iss": url})
        return RedirectResponse(f"{chosen.redirect_uri}?{answer}", 303)

    @router.get("/sign-out")
    def sign_out(post_logout_redirect_uri: str) -> RedirectResponse:
        if not urlsplit(post_logout_redirect_uri).path.endswith("/staff/signed-out"):
            raise HTTPException(400)
        return RedirectResponse(post_logout_redirect_uri, 303)

    return router
