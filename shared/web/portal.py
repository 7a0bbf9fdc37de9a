"""The portal: start page, plain language, accessibility, privacy, imprint, and the assets of all pages; no data."""

from collections.abc import Collection, Sequence
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from shared.city import City
from shared.http import Limits, install_errors
from shared.manifest import Manifest, Task
from shared.middleware import HeadAsGet, OwnRedirects
from shared.retention import PERSON_AFTER_MATTER
from shared.web.i18n import LanguagePrefix, language_of
from shared.web.pages import SHARED, Pages

PLANNED: Final = (
    Task(
        "raum",
        "/centres/",
        {"de": "Raum oder Treffpunkt finden", "en": "Find a room or a place to meet"},
        {
            "de": "Räume, Angebote und Beratung in Ihrem Stadtteilzentrum.",
            "en": "Rooms, activities and advice in your neighbourhood centre.",
        },
        "home",
    ),
    Task(
        "kurs",
        "/integration/courses",
        {"de": "Deutschkurs finden", "en": "Find a German course"},
        {"de": "Kurse in Ihrer Nähe, auch mit Kinderbetreuung.", "en": "Courses near you, some with childcare."},
        "language",
    ),
    Task(
        "lotse",
        "/integration/lotsen/ask",
        {"de": "Begleitung anfragen", "en": "Ask for a guide"},
        {
            "de": "Lotsinnen und Lotsen sprechen Ihre Sprache und gehen mit Ihnen zum Amt.",
            "en": "Volunteer guides speak your language and go to the office with you.",
        },
        "account-circle",
    ),
)
"""What will be done online by services that are not there yet; until then by phone."""

TEXT_PAGES: Final = {
    "/einfache-sprache": "easy.html",
    "/barrierefreiheit": "accessibility.html",
    "/barrierefreiheit/melden": "report_barrier.html",
    "/datenschutz": "privacy.html",
    "/impressum": "imprint.html",
}


MOVED: Final = {"/leichte-sprache": "/einfache-sprache"}
"""Addresses that pages had before, as printed or linked elsewhere."""


def create_portal(city: City, services: Sequence[Manifest], online: Collection[str]) -> FastAPI:
    """Wire the portal.

    Args:
        city: whose pages these are.
        services: all there are, each with its tasks and its pages for staff.
        online: the names of those that people reach now; the tasks of the others name the phone.
    """
    now = [task for each in services if each.name in online for task in each.tasks]
    away = [task for each in services if each.name not in online for task in each.tasks]
    there = {task.alias for task in [*now, *away]}
    later = [*(task for task in PLANNED if task.alias not in there), *away]
    pages = Pages(SHARED, city)
    app = FastAPI(title="Nahbar portal", openapi_url=None)
    app.mount("/assets", pages.assets)

    @app.get("/")
    async def start(request: Request) -> HTMLResponse:
        return pages.render(request, "portal/start.html", now=now, later=later)

    @app.get("/staff/")
    async def staff(request: Request) -> HTMLResponse:
        return pages.render(request, "portal/staff.html", areas=[each.area for each in services])

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

    if "notifications" in online:

        @app.get("/barrierefreiheit/melden")
        async def report_barrier(request: Request) -> RedirectResponse:
            return RedirectResponse(f"{language_of(request).prefix}/notifications/barriers", 302)

    for path, template in TEXT_PAGES.items():
        add_text_page(path, template)
    for old, new in MOVED.items():
        add_moved(old, new)
    for task in now:
        add_alias(task)

    app.state.error_page = pages.error_page
    install_errors(app)
    app.add_middleware(Limits)
    app.add_middleware(LanguagePrefix)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OwnRedirects)
    return app
