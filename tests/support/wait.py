"""Waiting for what happens elsewhere, without fixed sleeps."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

import httpx


async def eventually(condition: Callable[[], bool | Awaitable[bool]], timeout: float = 20, every: float = 0.02) -> None:
    """Return as soon as the condition holds; fail when it does not within `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        met = condition()
        if await met if inspect.isawaitable(met) else met:
            return
        assert time.monotonic() < end, f"did not happen within {timeout} s: {inspect.getsource(condition).strip()}"
        await asyncio.sleep(every)


async def answered(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The answer to a request, sent again while the service is too busy for it, as it asks for."""
    for _ in range(100):
        answer = await send()
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(0.2)
    return answer
