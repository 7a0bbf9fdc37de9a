"""The page of an appointment by video: when its room opens, and then the way in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.appointments.booking.api import by_token
from services.appointments.booking.domain import Status
from services.appointments.offer.domain import Kind
from services.appointments.video.domain import VideoRoom, opens_at, room_at
from services.appointments.video.gateways import VideoRooms
from shared.web.visit import CurrentVisit

router = APIRouter(prefix="/appointments/m/{token}/video", include_in_schema=False)


async def current_rooms(request: Request) -> VideoRooms:
    """FastAPI dependency: the maker of links into rooms."""
    rooms: VideoRooms = request.app.state.video_rooms
    return rooms


CurrentRooms = Annotated[VideoRooms, Depends(current_rooms)]


@router.get("")
async def show(visit: CurrentVisit, rooms: CurrentRooms, token: str) -> Response:
    """The room: the link only while it is open, before that a link to try the camera, and always the telephone."""
    found = await by_token(visit.act, token)
    room = room_at(found.starts_at, found.ends_at, visit.act.now)
    if found.kind is not Kind.VIDEO or found.status is not Status.CONFIRMED or room is VideoRoom.OVER:
        return visit.redirect(f"/appointments/m/{token}")
    station = visit.act.tools.city.station(found.station)
    return visit.render(
        "video.html",
        secret=True,
        token=token,
        state=found.state,
        opens_at=opens_at(found.starts_at),
        link=rooms.guest_link(found.id, found.starts_at, found.ends_at) if room is VideoRoom.OPEN else None,
        test_link=rooms.test_link(found.id, visit.act.now),
        phone=station.phone if station else visit.act.tools.city.service_phone,
    )
