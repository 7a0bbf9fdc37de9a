"""The application: the only place that wires the service."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI

from services.appointments.area import STAFF_AREA, STAFF_PAGES
from services.appointments.booking.api import router as booking_api
from services.appointments.booking.changes import ALTERNATIVE_END, end_alternative
from services.appointments.booking.forgetting import forget_contacts
from services.appointments.booking.holds import HOLD_END, end_hold
from services.appointments.booking.pages.details import router as details_pages
from services.appointments.booking.pages.reschedule import router as reschedule_pages
from services.appointments.booking.pages.time import router as time_pages
from services.appointments.closing.api import router as closing_api
from services.appointments.closing.pages import router as closing_pages
from services.appointments.consumers import REACTIONS
from services.appointments.desk.api import router as desk_api
from services.appointments.desk.calls import forget_outcomes
from services.appointments.line.looking import LOOK_AGAIN, look_again
from services.appointments.line.usecases import LAST_DAY, OFFER_EXPIRY
from services.appointments.links.pages import router as links_pages
from services.appointments.links.usecases import forget_requests
from services.appointments.offer.api import router as offer_api
from services.appointments.offer.pages import router as offer_pages
from services.appointments.offer.stations import router as station_pages
from services.appointments.opening.api import router as opening_api
from services.appointments.opening.pages import router as opening_pages
from services.appointments.pages.appointment import router as manage_pages
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
from services.appointments.queue.pages.hall import reloading
from services.appointments.queue.pages.hall import router as hall_pages
from services.appointments.queue.pages.issuing import router as issuing_pages
from services.appointments.queue.pages.ticket import router as ticket_pages
from services.appointments.queue.staff_api import router as counter_api
from services.appointments.settings import Settings
from services.appointments.staff import LEAD
from services.appointments.stops.usecases import forget_stops
from services.appointments.video.api import router as video_api
from services.appointments.video.gateways import VideoRooms
from services.appointments.video.pages import router as video_pages
from services.appointments.waiting.api import router as waiting_api
from services.appointments.waiting.pages.entry import router as entry_pages
from services.appointments.waiting.pages.join import router as join_pages
from services.appointments.waiting.pages.seat_offer import router as seat_offer_pages
from services.appointments.waiting.usecases import end_wait, expire_offer, forget_waiting
from shared.act import Act
from shared.housekeeping import Housekeeping
from shared.origins import Origins
from shared.runtime import ALL_ROLES, Parts, Role, application
from shared.takings import forget_takings
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
            *(offer_api, booking_api, video_api, waiting_api),
            *(queue_api, counter_api, desk_api, closing_api, opening_api),
            *(offer_pages, station_pages, time_pages, details_pages, manage_pages, reschedule_pages, video_pages),
            *(join_pages, entry_pages, seat_offer_pages, links_pages),
            *(ticket_pages, arrival_pages, hall_pages, counter_pages, issuing_pages, closing_pages, opening_pages),
            *(staff_pages(tools.name), audit_pages(tools.name, LEAD), *STAFF_PAGES),
        ],
        reactions=REACTIONS,
        due={
            HOLD_END: end_hold,
            OFFER_EXPIRY: expire_offer,
            LAST_DAY: end_wait,
            LOOK_AGAIN: look_again,
            ALTERNATIVE_END: end_alternative,
            QUEUE_END: end_queue,
            QUEUE_TIDYING: tidy_up,
            QUEUE_FORGETTING: forget_queue,
        },
        housekeeping=Housekeeping(_forget, _tidy),
        error_page=reloading(pages.error_page),
        origins=Origins(
            settings.people_secret, settings.unlimited_networks, settings.address_limit, settings.person_limit
        ),
    )
    app = application(tools, roles, parts)
    app.state.pages = pages
    app.state.video_rooms = VideoRooms(settings)
    app.state.staff_area = STAFF_AREA
    app.add_middleware(LanguagePrefix)
    return app


async def _forget(act: Act, matters: Sequence[UUID]) -> None:
    await forget_contacts(act.conn, matters)
    await forget_waiting(act.conn, matters)
    await forget_outcomes(act.conn, matters)


async def _tidy(act: Act) -> None:
    await forget_takings(act)
    await forget_requests(act)
    await forget_stops(act)
