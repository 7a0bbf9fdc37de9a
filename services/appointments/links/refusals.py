"""Why a request for links is refused."""

from datetime import timedelta

from shared.problems import Problem


class RequestsUsedUp(Problem):
    """A network address asked for links too often; it may ask again after `wait`."""

    status = 429
    slug = "requests-used-up"
    title = "Too many links were asked for from this network address"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, -(-wait // timedelta(seconds=1))))})
