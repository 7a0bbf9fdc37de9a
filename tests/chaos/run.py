"""One run: the world starts, people book while faults happen, everything heals and settles, the checker looks."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from tests.chaos.checker import check
from tests.chaos.city import City
from tests.chaos.evidence import collect
from tests.chaos.faults import FROZEN_FOR, Faults
from tests.chaos.history import History, Operation
from tests.chaos.settling import settle
from tests.chaos.world import REPLICATED, World
from tests.chaos.writers import Writer

WRITERS = 6
FAULTS_AT_ONCE = 2
ANSWER_TIMEOUT = 5
"""Seconds after which a citizen's program gives up waiting."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to: violations by invariant (none: all hold), and what was done."""

    violations: dict[str, list[str]]
    faults: Counter[str]
    history: History


async def run(
    folder: Path,
    seed: int,
    seconds: float,
    say: Callable[[str], None] = lambda _: None,
    patience: float = 120,
    frozen_for: tuple[float, ...] = FROZEN_FOR,
) -> Outcome:
    """Make a run.

    Args:
        folder: keeps everything; left behind when the run ends.
        seed: what people want and what breaks is drawn from it; when exactly it meets is up to the machine.
        seconds: how long people book and things break.
        patience: seconds in which all must come to rest afterwards, at each of three moments.
        frozen_for: how long processes may be frozen, in seconds.
    """
    world = World(folder, REPLICATED)
    try:
        async with asyncio.timeout(seconds + 6 * patience + 300):
            say("Starting PostgreSQL, Kafka, the far ends and the services")
            await world.start_servers()
            city = world.new_city()
            await city.prepare()
            await world.start_services(city)
            counts: Counter[str] = Counter()
            faults = [
                Faults(world, city, random.Random(f"{seed} fault {lane}"), counts, say, frozen_for)
                for lane in range(FAULTS_AT_ONCE)
            ]
            say(f"{WRITERS} people at a time book for {seconds:g} s, {FAULTS_AT_ONCE} faults at a time happen")
            operations = await _load(world, city, seed, seconds, faults)
            say("Everything heals")
            await world.heal()
            say("Waiting until nothing moves: now, when the reminders are due, when receipts are given up")
            unsettled = await settle(city, patience) + world.strange_deaths
            say("Reading the databases, the topics and what the far ends got")
            history = await collect(city, operations, world.faults, unsettled)
        _write_down(folder, history)
        return Outcome(check(history), counts, history)
    finally:
        await world.stop()


async def _load(world: World, city: City, seed: int, seconds: float, faults: Sequence[Faults]) -> list[Operation]:
    """Let people book while things break; returns what they asked for."""
    operations: list[Operation] = []
    until = time.monotonic() + seconds
    async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT) as client, asyncio.TaskGroup() as group:
        for number in range(WRITERS):
            dice = random.Random(f"{seed} {number}")
            group.create_task(Writer(f"w{number}", city, world.addresses, client, dice, operations).run(until))
        for lane in faults:
            group.create_task(lane.run(until))
    return operations


def _write_down(folder: Path, history: History) -> None:
    """Leave operations, faults, messages and arrivals in the folder, for whoever has to find out why."""
    for name in ("operations", "faults", "appointments", "notices", "messages", "arrived"):
        rows = [json.dumps(asdict(each), default=str) for each in getattr(history, name)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows))
