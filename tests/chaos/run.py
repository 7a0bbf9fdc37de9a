"""One run: the world starts, people act while faults happen, everything heals and settles, the checker looks."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from tests.chaos.checker import check
from tests.chaos.city import City
from tests.chaos.evidence import collect
from tests.chaos.faults import FROZEN_FOR, Faults
from tests.chaos.history import History, Operation
from tests.chaos.people.everybody import everybody
from tests.chaos.people.readers import answer_reminders, subscribe
from tests.chaos.settling import settle, until_quiet
from tests.chaos.world import REPLICATED, World

EVENING = 0.2
"""The part of the time in which it is the evening before, and people answer their reminders."""
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
        seconds: how long people act and things break.
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
            await city.keep_rush_short()
            await world.start_services(city)
            counts: Counter[str] = Counter()
            faults = [
                Faults(world, city, random.Random(f"{seed} fault {lane}"), counts, say, frozen_for)
                for lane in range(FAULTS_AT_ONCE)
            ]
            say(f"For {seconds:g} s people book, wait, are called, while {FAULTS_AT_ONCE} faults at a time happen")
            operations = await _load(world, city, seed, seconds, faults, say)
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


async def _load(
    world: World, city: City, seed: int, seconds: float, faults: Sequence[Faults], say: Callable[[str], None]
) -> list[Operation]:
    """Let everybody act while things break, then answer their reminders; returns what they asked for."""
    operations: list[Operation] = []
    async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT) as client:
        readers = await subscribe(city, world.services["notifications-1"].address, client)
        people = everybody(world, city, seed, client, operations, readers)
        await people.planner.begin_week()
        until = time.monotonic() + seconds * (1 - EVENING)
        async with asyncio.TaskGroup() as group:
            for actor in people.all:
                group.create_task(actor.run(until))
            for lane in faults:
                group.create_task(lane.run(until))
        await world.heal()
        city.move_to(city.reminder_time + timedelta(seconds=5))
        await until_quiet(city, timeout=90)
        say("It is the evening before: all stops are called off, people answer what they are told")
        until = time.monotonic() + seconds * EVENING
        asked = [each for each in operations if each.phone and each.kind != "hold"]
        async with asyncio.TaskGroup() as group:
            group.create_task(people.driver.call_all_off())
            for actor in (people.driver, people.waiter):
                group.create_task(actor.run(until))
            for lane in faults:
                group.create_task(lane.run(until))
            replying = group.create_task(answer_reminders(city, client, random.Random(f"{seed} replies"), asked))
    return [*operations, *replying.result()]


def _write_down(folder: Path, history: History) -> None:
    """Leave operations, faults, messages and arrivals in the folder, for whoever has to find out why."""
    for name in (
        "operations",
        "faults",
        "appointments",
        "others",
        "announced",
        "known",
        "committed",
        "notices",
        "messages",
        "arrived",
    ):
        rows = [json.dumps(asdict(each), default=str) for each in getattr(history, name)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows))
