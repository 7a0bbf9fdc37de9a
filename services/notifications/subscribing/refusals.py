"""Why a link of a subscription leads nowhere."""

from shared.problems import Problem


class RequestOver(Problem):
    status = 410
    slug = "request-over"
    title = "This can no longer be confirmed; subscribe again"


class SubscriptionOver(Problem):
    status = 410
    slug = "subscription-over"
    title = "This subscription has ended"
