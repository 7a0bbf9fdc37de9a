"""Why a change to a tour is refused."""

from services.mobile_office.fleet.domain import Fleet, Plan
from services.mobile_office.tours.domain import Stop
from shared.clock import BERLIN
from shared.problems import Problem


class UnknownPlan(Problem):
    status = 422
    slug = "unknown-plan"
    title = "There is no such vehicle or place, or the times are not of one day of this week"


class TooManyCounters(Problem):
    status = 422
    slug = "too-many-counters"
    title = "The vehicle has fewer counters"


class VehicleElsewhere(Problem):
    """The vehicle cannot be there in time: it is at another stop, or on the way; `stop` says which."""

    status = 409
    slug = "vehicle-elsewhere"
    title = "The vehicle is at another stop then, or on its way"

    def __init__(self, other: Plan | None = None, fleet: Fleet | None = None) -> None:
        said = None
        if other and fleet:
            begins, ends = (f"{each.astimezone(BERLIN):%H:%M}" for each in (other.arrives_at, other.departs_at))
            said = {"place": fleet.places[other.place].name, "arrives": begins, "departs": ends}
        super().__init__(extra={"stop": said} if said else None)
        self.other = other


class WeekChanged(Problem):
    """Somebody else changed the plan of the week since it was shown."""

    status = 409
    slug = "week-changed"
    title = "The plan of this week was changed meanwhile; look at it and try again"


class WeekPreviewOutdated(Problem):
    """What is to be announced is no longer as the preview showed it."""

    status = 409
    slug = "preview-outdated"
    title = "What the preview showed has changed; look at the new one and confirm again"


class StopChanged(Problem):
    """Somebody else announced something of the stop since it was looked at; `stop` is what it is now."""

    status = 409
    slug = "stop-changed"
    title = "The stop has changed meanwhile; look at it and try again"

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop = stop


class ReasonMissing(Problem):
    status = 422
    slug = "reason-missing"
    title = "People know of stops that change: say why"


class StopOver(Problem):
    status = 409
    slug = "stop-over"
    title = "The stop is over, or was cancelled"


class NotAnnounced(Problem):
    status = 409
    slug = "not-announced"
    title = "The stop is not announced yet; change the plan of its week"


class DelayUnfit(Problem):
    status = 422
    slug = "delay-unfit"
    title = "A delay is between 0 and 240 minutes; what is later than that does not take place"


class AnswerMissing(Problem):
    status = 422
    slug = "answer-missing"
    title = "Say of the stops whether they are later, another vehicle comes, or none"


class OthersVehicle(Problem):
    """The stop is no longer one of the broken vehicle: cancelled, over, or another vehicle comes."""

    status = 409
    slug = "others-vehicle"
    title = "The stops of the vehicle have changed meanwhile; look at them and confirm again"
