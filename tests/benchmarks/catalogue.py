"""All benchmarks: each is a function that measures on a site and returns rows."""

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

from tests.benchmarks.booking import booking_over_http
from tests.benchmarks.calling import call_next
from tests.benchmarks.consumer import consumer_with_inbox
from tests.benchmarks.crowded import booking_among_a_million, free_times_in_a_full_year
from tests.benchmarks.footprint import footprint
from tests.benchmarks.hands import commit_to_hands
from tests.benchmarks.journey import booking_to_mail
from tests.benchmarks.mail import mail_fan_out
from tests.benchmarks.relay import relay_drain
from tests.benchmarks.rows import Row
from tests.benchmarks.site import Site
from tests.benchmarks.stops import cancelled_stop
from tests.benchmarks.subscribers import news_to_subscribers

BENCHMARKS: Mapping[str, Callable[[Site], Coroutine[Any, Any, list[Row]]]] = MappingProxyType(
    {
        "booking": booking_over_http,
        "free-times": free_times_in_a_full_year,
        "million": booking_among_a_million,
        "calling": call_next,
        "relay": relay_drain,
        "hands": commit_to_hands,
        "consumer": consumer_with_inbox,
        "mail": mail_fan_out,
        "news": news_to_subscribers,
        "stop": cancelled_stop,
        "journey": booking_to_mail,
        "footprint": footprint,
    }
)
"""By the name that stands on the command line."""
