"""Why a change to the fleet is refused."""

from services.mobile_office.fleet.domain import Place, Vehicle
from shared.problems import Problem


class FleetChanged(Problem):
    """Somebody else changed the vehicle or place since it was looked at; `current` is what they made of it."""

    status = 409
    slug = "fleet-changed"
    title = "Somebody else has changed this; look at theirs and change it again"

    def __init__(self, current: Place | Vehicle | None) -> None:
        super().__init__()
        self.current = current


class UnknownQuarter(Problem):
    status = 422
    slug = "unknown-quarter"
    title = "The city has no such Ortsteil"


class PermitUnfit(Problem):
    status = 422
    slug = "permit-unfit"
    title = "The permission ends before it begins"
