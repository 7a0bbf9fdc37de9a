"""Why a request for links is refused."""

from shared.takings import UsedUp


class RequestsUsedUp(UsedUp):
    slug = "requests-used-up"
    title = "Too many links were asked for from this network address"
