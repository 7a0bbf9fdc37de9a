"""What is done to the processes while people book, drawn from a seed: the same seed draws the same faults in order."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from shared.relay import FROZEN_AFTER
from tests.chaos.city import City
from tests.chaos.fail_points import ALL, WITH_A_LEASE, WITH_THE_LEAD
from tests.chaos.launcher import LEASE
from tests.chaos.world import World

FROZEN_FOR = (0.5, 2, 4, 12)
"""Seconds; the longest outlasts the lead of a relay, the lease of due work and a member's place in its group."""


class Faults:
    """Draws one fault after another. Two of these at once overlap.

    Args:
        counts: where the faults are counted.
        frozen_for: how long processes may be frozen, in seconds.
        say: shows a line per fault.
    """

    def __init__(
        self,
        world: World,
        city: City,
        random: random.Random,
        counts: Counter[str],
        say: Callable[[str], None],
        frozen_for: tuple[float, ...] = FROZEN_FOR,
    ) -> None:
        self._counts = counts
        self._world = world
        self._city = city
        self._random = random
        self._say = say
        self._frozen_for = frozen_for
        self._points: list[str] = []
        self._freezing: list[str] = []

    async def run(self, until: float) -> None:
        """Do one thing after another until a moment of `time.monotonic()`."""
        while True:
            await asyncio.sleep(self._random.uniform(0.2, 2))
            if time.monotonic() > until:
                return
            dice = self._random.random()
            if dice < 0.05:
                self._move_clock()
            elif dice < 0.4:
                await self._die(self._next(self._points, ALL))
            elif dice < 0.5:
                await self._freeze_at(self._next(self._freezing, (*WITH_A_LEASE, *WITH_THE_LEAD)))
            elif dice < 0.75:
                await self._kill(self._victim())
            else:
                await self._freeze(self._victim(), self._random.choice(self._frozen_for))

    def _victim(self) -> str:
        return self._random.choice(sorted(self._world.parts))

    def _next(self, left: list[str], points: Sequence[str]) -> str:
        """One of some fail points: each comes once before any comes again, of which those `left` are still to come."""
        if not left:
            left += self._random.sample(points, len(points))
        return left.pop()

    def _move_clock(self) -> None:
        """All holds end at once."""
        self._say("clock     moves on by a little more than a hold lasts")
        self._counts["the clock moves on"] += 1
        self._city.move_to(self._city.now + timedelta(minutes=10, seconds=1))

    async def _die(self, point: str) -> None:
        self._world.armed.arm(point)
        if await self._world.died(point, patience=4):
            self._counts[f"kill -9 at a point - {point}"] += 1
            self._say(f"kill -9   {point}")

    async def _freeze_at(self, point: str) -> None:
        """Freeze a worker or a relay with work in hand until others have taken it over, if freezes may be that long."""
        seconds, lost_after = max(self._frozen_for), FROZEN_AFTER if point in WITH_THE_LEAD else LEASE.total_seconds()
        if seconds > lost_after and await self._world.freeze_at(point, seconds, patience=4):
            self._counts[f"freeze beyond the lease - {point}"] += 1
            self._say(f"frozen    {point}, for {seconds:g} s")

    async def _kill(self, name: str) -> None:
        self._say(f"kill -9   {name}")
        self._counts[f"kill -9 - {name}"] += 1
        await self._world.kill(name)

    async def _freeze(self, name: str, seconds: float) -> None:
        self._say(f"freeze    {name} for {seconds:g} s")
        self._counts[f"freeze - {name}"] += 1
        await self._world.freeze(name, seconds)
