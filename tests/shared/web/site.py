"""A small site with every component and every way to fail, for tests without a service."""

from datetime import datetime
from pathlib import Path
from typing import NoReturn, Self

from fastapi import FastAPI, HTTPException, Request, Response

from shared.city import City
from shared.clock import BERLIN
from shared.http import install_errors
from shared.web.forms import FormErrors
from shared.web.i18n import LanguagePrefix
from shared.web.pages import Pages

FORM = {"name": "", "email": "", "plz": "", "remarks": "", "language": "de", "channel": None, "days": ()}
START = datetime(2026, 11, 24, 9, 20, tzinfo=BERLIN)


class Dark:
    """A service whose database is away."""

    @property
    def db(self) -> Self:
        return self

    def transaction(self) -> NoReturn:
        raise ConnectionRefusedError


def create_site(city: City) -> FastAPI:
    """`/gallery`: GET shows every component, POST answers with what was typed and three errors."""
    pages = Pages(Path(__file__).parent, city)
    app = FastAPI()
    app.mount("/assets", pages.assets)

    @app.get("/gallery")
    async def show(request: Request) -> Response:
        return pages.render(request, "gallery.html", form=FORM, errors=FormErrors(), key=None, start=START)

    @app.post("/gallery")
    async def post(request: Request) -> Response:
        typed = await request.form()
        errors = FormErrors(
            name="Geben Sie Ihren Namen ein.",
            email="Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@beispiel.de.",
            channel="Wählen Sie, wie wir Sie erreichen.",
        )
        form = {**FORM, **typed, "days": typed.getlist("days")}
        return pages.render(
            request, "gallery.html", status=422, secret=True, form=form, errors=errors, key=typed["einmal"], start=START
        )

    @app.get("/address")
    async def address(request: Request) -> str:
        return str(request.url_for("show"))

    @app.get("/fail/{status}")
    async def fail(status: int) -> None:
        raise HTTPException(status, headers={"Retry-After": "90"} if status == 503 else None)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    app.state.error_page = pages.error_page
    app.state.tools = Dark()
    install_errors(app)
    app.add_middleware(LanguagePrefix)
    return app
