"""An event that wakes a loop early, whichever of the two starts first."""

import asyncio
from contextlib import suppress


class Wakeup:
    """Set by whoever made work, awaited by the loop that does it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the loop, or let its next wait return at once."""
        self._event.set()

    async def wait(self, timeout: float) -> None:
        """Return when woken, at the latest after `timeout` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), timeout)
        self._event.clear()
