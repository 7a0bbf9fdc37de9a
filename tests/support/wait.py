"""Waiting for what happens elsewhere, without fixed sleeps."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], bool | Awaitable[bool]], timeout: float = 20, every: float = 0.02) -> None:
    """Return as soon as the condition holds; fail when it does not within `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        met = condition()
        if await met if inspect.isawaitable(met) else met:
            return
        assert time.monotonic() < end, f"did not happen within {timeout} s: {inspect.getsource(condition).strip()}"
        await asyncio.sleep(every)
