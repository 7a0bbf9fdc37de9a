"""The application: the only place that wires the service."""

from pathlib import Path

from fastapi import FastAPI

from services.appointments.booking.alternatives import ALTERNATIVE_END, end_alternative
from services.appointments.booking.api import router as booking_api
from services.appointments.booking.holds import DRAFT_EXPIRY, expire_draft
from services.appointments.booking.limits import Limits, forget_takings
from services.appointments.booking.pages.details import router as details_pages
from services.appointments.booking.pages.manage import router as manage_pages
from services.appointments.booking.pages.reschedule import router as reschedule_pages
from services.appointments.booking.pages.time import router as time_pages
from services.appointments.booking.usecases import forget_contacts
from services.appointments.closing.api import router as closing_api
from services.appointments.closing.pages import router as closing_pages
from services.appointments.consumers import REACTIONS
from services.appointments.desk.api import router as desk_api
from services.appointments.desk.area import LEAD, STAFF_AREA, STAFF_PAGES
from services.appointments.offer.api import router as offer_api
from services.appointments.offer.pages import router as offer_pages
from services.appointments.queue.api import router as queue_api
from services.appointments.queue.ending import (
    QUEUE_END,
    QUEUE_FORGETTING,
    QUEUE_TIDYING,
    end_queue,
    forget_queue,
    tidy_up,
)
from services.appointments.queue.pages.arrival import router as arrival_pages
from services.appointments.queue.pages.counter import router as counter_pages
from services.appointments.queue.pages.hall import router as hall_pages
from services.appointments.queue.pages.ticket import router as ticket_pages
from services.appointments.queue.staff_api import router as counter_api
from services.appointments.settings import Settings
from services.appointments.video.api import router as video_api
from services.appointments.video.gateways import Rooms
from services.appointments.video.pages import router as video_pages
from shared.service import ALL_ROLES, Role, Service
from shared.web.i18n import LanguagePrefix
from shared.web.pages import Pages
from shared.web.staff.audit import audit_pages
from shared.web.staff.pages import staff_pages


def create_app(settings: Settings, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
    """Wire the service."""
    service = Service(settings)
    pages = Pages(Path(__file__).parent, service.city)
    app = service.create_app(
        roles=roles,
        routers=[
            *(offer_api, booking_api, video_api, queue_api, counter_api, desk_api, closing_api),
            *(offer_pages, time_pages, details_pages, manage_pages, reschedule_pages, video_pages),
            *(ticket_pages, arrival_pages, hall_pages, counter_pages, closing_pages),
            *(staff_pages(service.name), audit_pages(service.name, LEAD), *STAFF_PAGES),
        ],
        reactions=REACTIONS,
        due={
            DRAFT_EXPIRY: expire_draft,
            ALTERNATIVE_END: end_alternative,
            QUEUE_END: end_queue,
            QUEUE_TIDYING: tidy_up,
            QUEUE_FORGETTING: forget_queue,
        },
        forget=forget_contacts,
        tidy=forget_takings,
        error_page=pages.error_page,
    )
    app.state.pages = pages
    app.state.limits = Limits(settings)
    app.state.rooms = Rooms(settings)
    app.state.staff_area = STAFF_AREA
    app.add_middleware(LanguagePrefix)
    return app
