"""A visit of somebody who works at the counter or on the phone."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Response

from services.appointments.booking.numbering import AppointmentNumber
from services.appointments.booking.queries import Appointment
from services.appointments.desk.domain import Reason
from services.appointments.desk.usecases import Desk
from shared.clock import BERLIN
from shared.web.staff.visit import N_, StaffVisit, staff

STAFF = "/appointments/staff"
"""What the paths of these pages begin with."""

Clerk = Annotated[StaffVisit, Depends(staff("appointments:staff"))]
Number = AppointmentNumber

REASONS: Mapping[Reason, str] = {
    Reason.ASKED: N_("Die Person hat darum gebeten"),
    Reason.ILLNESS: N_("Beschäftigte sind krank"),
    Reason.CLOSED: N_("Die Station muss schließen"),
    Reason.TECHNICAL: N_("Die Technik ist ausgefallen"),
}
"""What the pages of the desk call the reasons."""


def desk_of(visit: StaffVisit) -> Desk:
    """What the use cases of the desk need of a visit."""
    return Desk(visit.conn, visit.tools, visit.who, visit.now)


def day_path(appointment: Appointment) -> str:
    """The list in which an appointment stands."""
    return f"{STAFF}/day?place={appointment.station}&day={appointment.starts_at.astimezone(BERLIN).date()}"


def to_day(visit: StaffVisit, appointment: Appointment) -> Response:
    """Go back to the list in which an appointment stands."""
    return visit.redirect(day_path(appointment))
