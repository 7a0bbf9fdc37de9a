"""The application: the only place that wires the service."""

from pathlib import Path

from fastapi import FastAPI

from services.mobile_office.area import STAFF_AREA
from services.mobile_office.consumers import REACTIONS
from services.mobile_office.fleet.api import router as fleet_api
from services.mobile_office.fleet.pages import router as fleet_pages
from services.mobile_office.planning.api import router as planning_api
from services.mobile_office.planning.pages import router as planning_pages
from services.mobile_office.settings import Settings
from services.mobile_office.staff import LEAD
from services.mobile_office.tours.api import router as tours_api
from services.mobile_office.tours.bookings import forget_bookings
from services.mobile_office.tours.changes_api import router as changes_api
from services.mobile_office.tours.pages.breakdown import router as breakdown_pages
from services.mobile_office.tours.pages.plan import router as plan_pages
from services.mobile_office.tours.pages.planner import router as planner_pages
from services.mobile_office.tours.pages.publishing import router as publishing_pages
from services.mobile_office.tours.pages.stop import router as stop_pages
from services.mobile_office.tours.pages.today import router as today_pages
from services.mobile_office.tours.weeks_api import router as weeks_api
from services.mobile_office.weekly.api import router as weekly_api
from services.mobile_office.weekly.pages import router as weekly_pages
from shared.housekeeping import Housekeeping
from shared.runtime import ALL_ROLES, Parts, Role, application
from shared.tools import Tools
from shared.web.i18n import LanguagePrefix
from shared.web.pages import Pages
from shared.web.staff.audit import audit_pages
from shared.web.staff.pages import staff_pages


def create_app(settings: Settings, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
    """Wire the service."""
    tools = Tools(settings)
    pages = Pages(Path(__file__).parent, tools.city)
    parts = Parts(
        routers=[
            *(tours_api, weeks_api, changes_api, weekly_api, planning_api, fleet_api),
            *(plan_pages, stop_pages, planner_pages, publishing_pages, today_pages, breakdown_pages),
            *(weekly_pages, planning_pages, fleet_pages),
            *(staff_pages(tools.name), audit_pages(tools.name, LEAD)),
        ],
        reactions=REACTIONS,
        housekeeping=Housekeeping(tidy=forget_bookings),
        error_page=pages.error_page,
    )
    app = application(tools, roles, parts)
    app.state.pages = pages
    app.state.staff_area = STAFF_AREA
    app.add_middleware(LanguagePrefix)
    return app
