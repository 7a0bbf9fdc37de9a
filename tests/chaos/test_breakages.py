"""The checker finds each rule broken: directed runs against services that break it, and one against sound ones."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.chaos import breakages
from tests.chaos import fail_points as points
from tests.chaos.checker import check
from tests.chaos.city import City
from tests.chaos.evidence import collect
from tests.chaos.history import Operation
from tests.chaos.people.tours import Driver, Planner
from tests.chaos.people.writers import OPENING, Writer
from tests.chaos.rules.bookings import SLOT
from tests.chaos.settling import settle
from tests.chaos.traces import last_arrival
from tests.chaos.world import TOGETHER, World
from tests.support.browsing import PLAIN
from tests.support.stack import Backend
from tests.support.wait import eventually

in_one_loop = pytest.mark.asyncio(loop_scope="module")

MISUNDERSTOOD = (400, 404, 422)
SMALL = "walsum"
SHORT = "meldebescheinigung"

Plan = Callable[["Stage"], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(stack: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Far ends of this module, on the run's shared Kafka and PostgreSQL; one process serves all services."""
    world = World(tmp_path_factory.mktemp("chaos"), TOGETHER, (stack.bootstrap, stack.url))
    await world.start_servers()
    yield world
    await world.stop()


class Stage:
    """A city whose services may break a rule, and somebody who books there."""

    def __init__(self, world: World, city: City, client: httpx.AsyncClient) -> None:
        self.operations: list[Operation] = []
        self._world = world
        self._city = city
        self._slot = 0

        def common(service: str) -> dict[str, Any]:
            return {
                "name": service,
                "city": city,
                "addresses": world.addresses_of(service),
                "client": client,
                "random": random.Random(1),
                "operations": self.operations,
                "gives_up": 0,
            }

        self._writer = Writer(**common("appointments"))
        self._planner, self._driver = Planner(**common("mobile_office")), Driver(**common("mobile_office"))

    async def book(self, conduct: str = "delivered", people: int = 1) -> None:
        """Let some people book the same ten minutes at the smallest station, one after another."""
        start = self._city.day + OPENING + self._slot * SLOT
        self._slot += 1
        for _ in range(people):
            booked = await self._writer.book(SMALL, SHORT, start, {**self._writer.person(conduct), "phone": ""})
            assert booked.answers[-1] not in MISUNDERSTOOD, "a plan asks for what can be booked"

    async def book_and_cancel(self) -> None:
        """Book, and cancel if there is anything to cancel."""
        await self.book()
        await self._writer.cancel_last()

    async def book_and_call_off(self) -> None:
        """Announce stops, and call one off when somebody has booked there."""
        await self._planner.begin_week()
        stop, (arrives, _) = next(iter(self._planner.timetable.items()))
        await eventually(lambda: self._can_be_booked(stop))
        await self._writer.book(stop, SHORT, arrives)
        await self._driver.call_off(stop)

    async def _can_be_booked(self, stop: str) -> bool:
        return stop in [each["key"] for each in await self._writer.look("stations") or ()]

    async def dies_at(self, point: str) -> None:
        """Let somebody book, and the process die of it."""
        self._world.armed.arm(point)
        await self.book()
        assert await self._world.died(point, patience=40), f"nobody got to {point!r}"


async def somebody_books(stage: Stage) -> None:
    await stage.book()


async def too_many_want_the_same(stage: Stage) -> None:
    await stage.book(people=4)


async def somebody_is_never_answered(stage: Stage) -> None:
    await stage.book("drop")


async def several_book_and_cancel(stage: Stage) -> None:
    for _ in range(6):
        await stage.book_and_cancel()


async def somebody_booked_at_a_stop_that_is_called_off(stage: Stage) -> None:
    await stage.book_and_call_off()


def a_process_dies(point: str) -> Plan:
    async def plan(stage: Stage) -> None:
        await stage.dies_at(point)

    return plan


BROKEN: dict[str, tuple[str, Plan]] = {
    "answers_before_commit": ("I1", a_process_dies(points.BEFORE_COMMIT)),
    "keeps_what_it_refuses": ("I2", somebody_books),
    "takes_seats_of_others": ("I3", too_many_want_the_same),
    "cancels_without_applying": ("I4", several_book_and_cancel),
    "marks_before_sending": ("I5", a_process_dies(points.BEFORE_SEND)),
    "publishes_before_commit": ("I6", a_process_dies(points.BEFORE_COMMIT)),
    "publishes_the_newest_first": ("I7", several_book_and_cancel),
    "chooses_keys_by_chance": ("I8", several_book_and_cancel),
    "commits_offsets_first": ("I9", a_process_dies(points.BEFORE_EFFECTS)),
    "forgets_answers": ("I9", somebody_books),
    "sends_again_without_an_answer": ("I10", somebody_is_never_answered),
    "takes_silence_for_a_refusal": ("I10", somebody_is_never_answered),
    "doubts_every_answer": ("I10", somebody_books),
    "sends_without_a_claim": ("I10", a_process_dies(points.ANSWER_NOT_RECORDED)),
    "tells_again_what_it_reads_again": ("I10", a_process_dies(points.NOTED_NOT_OFFSET)),
    "leaves_people_at_cancelled_stops": ("I14", somebody_booked_at_a_stop_that_is_called_off),
}
"""Per breakage the rule that must be found broken, and what brings it to light."""


async def violations(world: World, breakage: str, plans: Iterable[Plan]) -> dict[str, list[str]]:
    """What the checker finds after some plans were played in a new city."""
    city = world.new_city()
    await city.prepare()
    before, faults = last_arrival(city), len(world.faults)
    try:
        await world.start_services(city, breakage)
        async with httpx.AsyncClient(timeout=10, verify=PLAIN) as client:
            stage = Stage(world, city, client)
            for plan in plans:
                await plan(stage)
                await world.heal()
        unsettled = await settle(city, patience=25)
        return check(await collect(city, stage.operations, world.faults[faults:], unsettled, before))
    finally:
        await world.stop_services()
        await city.remove()


@in_one_loop
async def test_sound_services_break_no_rule(world: World) -> None:
    assert await violations(world, "", dict.fromkeys(plan for _, plan in BROKEN.values())) == {}
    assert not world.strange_deaths


@in_one_loop
@pytest.mark.parametrize("breakage", BROKEN)
async def test_a_broken_rule_is_found(world: World, breakage: str) -> None:
    rule, plan = BROKEN[breakage]
    found = await violations(world, breakage, [plan])
    assert rule in found, found


def test_every_breakage_is_used() -> None:
    assert set(BROKEN) == {*breakages.BEFORE_IMPORT, *breakages.AFTER_IMPORT}
