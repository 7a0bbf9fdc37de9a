"""Why a change to the weekly plan is refused."""

from datetime import date

from services.mobile_office.weekly.domain import WeeklyStop
from shared.problems import Problem


class WeeklyStopUnfit(Problem):
    status = 422
    slug = "weekly-stop-unfit"
    title = "There is no such vehicle or place, or the stop ends before it begins"


class WeeklyStopChanged(Problem):
    """Somebody else changed the stop of the weekly plan since it was looked at; `current` is theirs."""

    status = 409
    slug = "weekly-stop-changed"
    title = "Somebody else has changed this stop of the weekly plan; look at theirs and change it again"

    def __init__(self, current: WeeklyStop | None) -> None:
        super().__init__()
        self.current = current


class WeeklyStopClashes(Problem):
    """In some week the vehicle would be at another stop of the plan, or on its way; `first` is the first such day."""

    status = 409
    slug = "weekly-stop-clashes"
    title = "The vehicle is at another stop of the weekly plan then, or on its way"

    def __init__(self, place: str, day: date) -> None:
        super().__init__(extra={"place": place, "first": day.isoformat()})
        self.place = place
        self.day = day
