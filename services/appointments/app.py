"""The application: the only place that wires the service."""

from fastapi import FastAPI

from services.appointments.booking.api import router as booking_api
from services.appointments.booking.holds import DRAFT_EXPIRY, expire_draft
from services.appointments.consumers import REACTIONS
from services.appointments.offer.api import router as offer_api
from services.appointments.settings import Settings
from shared.service import ALL_ROLES, Role, Service


def create_app(settings: Settings, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
    """Wire the service."""
    service = Service(settings)
    return service.create_app(
        roles=roles,
        routers=[offer_api, booking_api],
        reactions=REACTIONS,
        due={DRAFT_EXPIRY: expire_draft},
    )
