"""Why opening hours cannot be changed like this."""

from services.appointments.opening.queries import StationHours
from shared.problems import Problem


class HoursChanged(Problem):
    """Somebody else changed them since they were looked at; `current` are theirs."""

    status = 409
    slug = "hours-changed"
    title = "Somebody else has changed these opening hours; look at theirs and change them again"

    def __init__(self, current: StationHours) -> None:
        super().__init__()
        self.current = current
