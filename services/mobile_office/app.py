"""The application: the only place that wires the service."""

from pathlib import Path

from fastapi import FastAPI

from services.mobile_office.consumers import REACTIONS
from services.mobile_office.settings import Settings
from services.mobile_office.tours.api import router as tours_api
from services.mobile_office.tours.bookings import forget_bookings
from shared.service import ALL_ROLES, Role, Service
from shared.web.i18n import LanguagePrefix
from shared.web.pages import Pages


def create_app(settings: Settings, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
    """Wire the service."""
    service = Service(settings)
    pages = Pages(Path(__file__).parent, service.city)
    app = service.create_app(
        roles=roles,
        routers=[tours_api],
        reactions=REACTIONS,
        tidy=forget_bookings,
        error_page=pages.error_page,
    )
    app.state.pages = pages
    app.add_middleware(LanguagePrefix)
    return app
