"""Why a closure is refused."""

from services.appointments.closing.preview import Preview
from shared.problems import Problem


class StillBooked(Problem):
    """Somebody has an appointment on the closed seats, or waits in the hall.

    `appointments` and `tickets` say how many do.
    """

    status = 409
    slug = "still-booked"
    title = (
        "There are appointments at these times, or people who wait; see the preview and confirm what becomes of them"
    )

    def __init__(self, appointments: int, tickets: int = 0) -> None:
        super().__init__(extra={"appointments": appointments, "tickets": tickets})


class PreviewOutdated(Problem):
    """Somebody booked, moved or cancelled since a preview was shown; `preview` is the new one."""

    status = 409
    slug = "preview-outdated"
    title = "What the preview showed has changed; look at the new one and confirm again"

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


class AlreadyLifted(Problem):
    status = 410
    slug = "already-lifted"
    title = "The closure was lifted; announce a new one"


class DaysUnfit(Problem):
    status = 422
    slug = "days-unfit"
    title = "The last day is before the first, or over, or more than a year after it or two years away"


class HoursUnfit(Problem):
    status = 422
    slug = "hours-unfit"
    title = "Give both hours, the first before the last, or none"


class StationFixed(Problem):
    status = 422
    slug = "station-fixed"
    title = "A closure stays at its station; lift it and announce another"
