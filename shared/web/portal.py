"""The portal: start page, plain language, accessibility, privacy, imprint, and the assets of all pages; no data."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from shared.city import City
from shared.http import Limits, install_errors
from shared.middleware import HeadAsGet, OwnRedirects
from shared.retention import PERSON_AFTER_MATTER
from shared.texts import N_
from shared.web.i18n import LanguagePrefix, language_of
from shared.web.pages import SHARED, Pages
from shared.web.staff.areas import AREAS


@dataclass(frozen=True)
class Task:
    """Something people come for.

    Args:
        alias: short path for posters and speech.
        path: where it is done.
        title: a verb and its object.
        text: one sentence.
        icon: a motif of KERN.
    """

    alias: str
    path: str
    title: str
    text: str
    icon: str


TASKS: Final = (
    Task(
        "termin",
        "/appointments/",
        N_("Termin buchen"),
        N_("Für Ausweis, Pass oder Ummeldung: Wählen Sie Ort und Zeit. Sie brauchen kein Konto."),
        "calendar-today",
    ),
    Task(
        "mobil",
        "/mobile_office/",
        N_("Bürgermobil finden"),
        N_("Unser Bus mit Schalter kommt in Ihren Stadtteil."),
        "search",
    ),
    Task(
        "raum",
        "/centres/",
        N_("Raum oder Treffpunkt finden"),
        N_("Räume, Angebote und Beratung in Ihrem Stadtteilzentrum."),
        "home",
    ),
    Task(
        "kurs",
        "/integration/courses",
        N_("Deutschkurs finden"),
        N_("Kurse in Ihrer Nähe, auch mit Kinderbetreuung."),
        "language",
    ),
    Task(
        "lotse",
        "/integration/lotsen/ask",
        N_("Begleitung anfragen"),
        N_("Lotsinnen und Lotsen sprechen Ihre Sprache und gehen mit Ihnen zum Amt."),
        "account-circle",
    ),
    Task(
        "nachrichten",
        "/notifications/subscribe",
        N_("Nachrichten abonnieren"),
        N_("Erfahren Sie, was es in Ihrem Stadtteil Neues gibt."),
        "mail",
    ),
)

TEXT_PAGES: Final = {
    "/einfache-sprache": "easy.html",
    "/barrierefreiheit": "accessibility.html",
    "/barrierefreiheit/melden": "report_barrier.html",
    "/datenschutz": "privacy.html",
    "/impressum": "imprint.html",
}


MOVED: Final = {"/leichte-sprache": "/einfache-sprache"}
"""Addresses that pages had before, as printed or linked elsewhere."""


def create_portal(city: City, open_tasks: Collection[str]) -> FastAPI:
    """Wire the portal.

    Args:
        city: whose pages these are.
        open_tasks: aliases of the tasks that can be done online now; the others name the phone.
    """
    pages = Pages(SHARED, city)
    app = FastAPI(title="Nahbar portal", openapi_url=None)
    app.mount("/assets", pages.assets)

    @app.get("/")
    async def start(request: Request) -> HTMLResponse:
        now = [task for task in TASKS if task.alias in open_tasks]
        later = [task for task in TASKS if task.alias not in open_tasks]
        return pages.render(request, "portal/start.html", now=now, later=later)

    @app.get("/staff/")
    async def staff(request: Request) -> HTMLResponse:
        return pages.render(request, "portal/staff.html", areas=AREAS)

    def add_text_page(path: str, template: str) -> None:
        @app.get(path)
        async def text_page(request: Request) -> HTMLResponse:
            return pages.render(request, f"portal/{template}", contact_days=PERSON_AFTER_MATTER.days)

    def add_alias(task: Task) -> None:
        @app.get(f"/{task.alias}")
        async def alias(request: Request) -> RedirectResponse:
            return RedirectResponse(language_of(request).prefix + task.path, 302)

    def add_moved(old: str, new: str) -> None:
        @app.get(old)
        async def moved(request: Request) -> RedirectResponse:
            return RedirectResponse(language_of(request).prefix + new, 301)

    if "nachrichten" in open_tasks:

        @app.get("/barrierefreiheit/melden")
        async def report_barrier(request: Request) -> RedirectResponse:
            return RedirectResponse(f"{language_of(request).prefix}/notifications/barriers", 302)

    for path, template in TEXT_PAGES.items():
        add_text_page(path, template)
    for old, new in MOVED.items():
        add_moved(old, new)
    for task in TASKS:
        if task.alias in open_tasks:
            add_alias(task)

    app.state.error_page = pages.error_page
    install_errors(app)
    app.add_middleware(Limits)
    app.add_middleware(LanguagePrefix)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OwnRedirects)
    return app
