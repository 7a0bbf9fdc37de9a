"""Why a closure is refused."""

from shared.problems import Problem


class StillBooked(Problem):
    """Somebody has an appointment on the closed days; `appointments` says how many do."""

    status = 409
    slug = "still-booked"
    title = "There are appointments on these days; move or cancel them first"

    def __init__(self, appointments: int) -> None:
        super().__init__(extra={"appointments": appointments})


class AlreadyLifted(Problem):
    status = 410
    slug = "already-lifted"
    title = "The closure was lifted; announce a new one"


class DaysUnfit(Problem):
    status = 422
    slug = "days-unfit"
    title = "The last day is before the first, or over, or more than a year after it"


class StationFixed(Problem):
    status = 422
    slug = "station-fixed"
    title = "A closure stays at its station; lift it and announce another"
