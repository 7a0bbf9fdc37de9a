"""Rooms for staff, as JSON."""

from pydantic import AwareDatetime, BaseModel

from services.appointments.booking.domain import Status
from services.appointments.booking.numbering import AppointmentNumber
from services.appointments.booking.queries import load_by_number
from services.appointments.offer.domain import Kind
from services.appointments.staff import StaffAct
from services.appointments.video.domain import VideoRoom, opens_at, room_at
from services.appointments.video.pages import CurrentRooms
from shared.http import api_router, problems
from shared.problems import NotFound, Problem

router = api_router("/appointments/api/v1/staff/video", "staff")


class RoomClosed(Problem):
    status = 409
    slug = "room-closed"
    title = "The room of this appointment is not open"


class RoomOut(BaseModel):
    """A moderator's way into the room of an appointment; the link is valid from `opens_at` to `closes_at`."""

    link: str
    opens_at: AwareDatetime
    closes_at: AwareDatetime


@router.get("/{number}", responses=problems(401, 403, 404, 409))
async def room(act: StaffAct, number: AppointmentNumber, rooms: CurrentRooms) -> RoomOut:
    """The moderator's link into the room of an appointment, by its number; only while the room is open."""
    found = act.staff.own(await load_by_number(act.conn, number))
    if found.kind is not Kind.VIDEO or found.status is not Status.CONFIRMED:
        raise NotFound
    if room_at(found.starts_at, found.ends_at, act.now) is not VideoRoom.OPEN:
        raise RoomClosed
    link = rooms.moderator_link(found.id, found.starts_at, found.ends_at)
    return RoomOut(link=link, opens_at=opens_at(found.starts_at), closes_at=found.ends_at)
