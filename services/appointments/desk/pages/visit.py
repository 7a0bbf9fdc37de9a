"""A visit of somebody who works at the counter or on the phone."""

from collections.abc import Mapping

from fastapi import Response

from services.appointments.booking.numbering import AppointmentNumber
from services.appointments.booking.queries import Appointment
from services.appointments.desk.domain import Reason
from shared.clock import BERLIN
from shared.web.staff.visit import N_, StaffVisit

STAFF = "/appointments/staff"
"""What the paths of these pages begin with."""

Number = AppointmentNumber

REASONS: Mapping[Reason, str] = {
    Reason.ASKED: N_("Die Person hat darum gebeten"),
    Reason.ILLNESS: N_("Beschäftigte sind krank"),
    Reason.CLOSED: N_("Die Station muss schließen"),
    Reason.TECHNICAL: N_("Die Technik ist ausgefallen"),
}
"""What the pages of the desk call the reasons."""


def day_path(appointment: Appointment) -> str:
    """The list in which an appointment stands."""
    return f"{STAFF}/day?place={appointment.station}&day={appointment.starts_at.astimezone(BERLIN).date()}"


def to_day(visit: StaffVisit, appointment: Appointment) -> Response:
    """Go back to the list in which an appointment stands."""
    return visit.redirect(day_path(appointment))
