"""Why a subscription is refused, or its link leads nowhere."""

from shared.problems import Problem
from shared.takings import UsedUp


class MessagesUsedUp(UsedUp):
    """A network address asked for too many messages within an hour."""

    slug = "messages-used-up"
    title = "Too many messages were asked for from this network address"


class RequestOver(Problem):
    status = 410
    slug = "request-over"
    title = "This can no longer be confirmed; subscribe again"


class SubscriptionOver(Problem):
    status = 410
    slug = "subscription-over"
    title = "This subscription has ended"
