"""A relay in a process of its own, to be killed or frozen: `python -m tests.shared.relay_process DATABASE KAFKA`."""

import asyncio
import sys

from shared.relay import Relay
from shared.settings import Platform
from shared.telemetry import Metrics
from shared.wakeup import Wakeup

if __name__ == "__main__":
    relay = Relay(
        "notifications", sys.argv[1], Platform(kafka=sys.argv[2], partitions=4), Wakeup(), Metrics("notifications")
    )
    asyncio.run(relay.run(asyncio.Event()))
