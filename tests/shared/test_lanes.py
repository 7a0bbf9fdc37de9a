"""How a lane claims, shares its slots and bounds its work: one part at a time, most of it without a database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared import lanes
from shared.act import Act
from shared.due import Claim, Urgency
from shared.failures import WillPass
from shared.lanes import Lane
from shared.telemetry import Metrics
from shared.tools import Tools
from shared.wakeup import Wakeup
from tests.shared.kit import Bench

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PROMPT = [Urgency.URGENT, Urgency.DIRECT, Urgency.REMINDER]


async def test_what_is_due_free_and_ours_to_do_is_claimed_the_most_urgent_first(bench: Bench) -> None:
    tools, hour = Tools(bench.settings), timedelta(hours=1)
    held = datetime.now(UTC)
    rows: list[tuple[str, str, timedelta, int, int, datetime | None]] = [
        ("send", "later", -hour, 1, 0, None),
        ("send", "urgent", timedelta(0), 0, -(2**31), None),
        ("note", "first", -2 * hour, 1, 2**31 - 1, None),
        ("send", "its worker died", -hour / 2, 1, 4, held - hour),
        ("send", "held", -hour, 1, 1, held + hour),
        ("send", "not due", timedelta(microseconds=1), 1, 0, None),
        ("newer", "of no handler", -hour, 1, 0, None),
        ("send", "of another lane", -hour, 3, 0, None),
    ]
    names = ("kind", "key", "due", "urgency", "attempts", "until")
    values = {"urgencies": [0, 1, 2], "now": NOW, "kinds": ["send", "note"], "length": lanes.LEASE}
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("""
                insert into due_work (kind, key, due_at, urgency, attempts, leased_until)
                values (:kind, :key, cast(:now as timestamptz) + :due, :urgency, :attempts, :until)
            """),
            [{**dict(zip(names, row, strict=True)), "now": NOW} for row in rows],
        )
        best = await lanes._CLAIM.all(conn, {**values, "limit": 2, "lease": uuid4()})
        rest = await lanes._CLAIM.all(conn, {**values, "limit": 9, "lease": uuid4()})
    await tools.db.close()
    assert [(claim.key, claim.attempts) for claim in best] == [("urgent", 1), ("first", 1_000_001)]
    assert [(claim.key, claim.attempts) for claim in rest] == [("later", 1), ("its worker died", 5)]


class Database:
    """Transactions of no database."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield


class Doing:
    """An errand, each part of which may be replaced."""

    async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]:
        return {claim.key: claim.key for claim in claims}

    async def perform(self, tools: Any, job: Any) -> Any:
        return "done"

    async def finish(self, act: Act, results: Sequence[tuple[Any, Any]]) -> None: ...


@pytest.fixture
def errand(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An errand whose claims nobody takes away."""

    async def still_ours(_: Any, __: Act, claims: Sequence[Claim], *___: Any) -> list[Claim]:
        return list(claims)

    monkeypatch.setattr(lanes, "still_ours", still_ours)
    return Doing()


def lane_of(errand: Any, urgencies: Sequence[Urgency] = PROMPT, yields_to: Any = None, slots: int = 20) -> Any:
    tools: Any = SimpleNamespace(
        db=Database(), clock=SimpleNamespace(now=lambda: NOW), metrics=Metrics("notifications")
    )
    return Lane(tools, {"send": errand}, urgencies, slots, Wakeup(), yields_to)


def claim(key: str = "x") -> Claim:
    return Claim("send", key, 1, uuid4())


@pytest.fixture
def put_off(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, type[Exception]]]:
    """What was left for later, and why."""
    left: list[tuple[str, type[Exception]]] = []

    async def pause(_: Lane, claim: Claim, error: Exception) -> None:
        left.append((claim.key, type(error)))

    monkeypatch.setattr(Lane, "_pause", pause)
    return left


async def ended(lane: Any) -> None:
    """Wait until nothing is in hand."""
    async with asyncio.timeout(30):
        while lane._running:
            await asyncio.wait(list(lane._running))


class Asked:
    """Notes what a lane would claim, and gives it so many rows."""

    def __init__(self, rows: int = 0) -> None:
        self.values: list[dict[str, Any]] = []
        self._rows = rows

    async def all(self, _: Any, values: dict[str, Any]) -> list[Claim]:
        self.values.append(values)
        return [Claim("send", str(number), 1, values["lease"]) for number in range(self._rows)]


@pytest.mark.parametrize(
    ("free", "urgencies", "limit"),
    [(1, [0], 1), (2, [0], 2), (3, [0, 1], 1), (4, [0, 1], 2), (5, [0, 1, 2], 1), (20, [0, 1, 2], 16)],
)
async def test_the_less_urgent_leaves_slots_to_the_more_urgent(
    monkeypatch: pytest.MonkeyPatch, errand: Any, free: int, urgencies: list[int], limit: int
) -> None:
    asked = Asked()
    monkeypatch.setattr(lanes, "_CLAIM", asked)
    assert not await lane_of(errand)._claim(free)
    assert [(each["urgencies"], each["limit"]) for each in asked.values] == [(urgencies, limit)]


async def test_without_a_free_slot_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch, errand: Any) -> None:
    asked = Asked()
    monkeypatch.setattr(lanes, "_CLAIM", asked)
    assert not await lane_of(errand)._claim(0)
    assert asked.values == []


@pytest.mark.parametrize(("rows", "more"), [(16, True), (15, False)])
async def test_as_much_as_was_asked_for_may_not_be_all(
    monkeypatch: pytest.MonkeyPatch, errand: Any, rows: int, more: bool
) -> None:
    monkeypatch.setattr(lanes, "_CLAIM", Asked(rows))
    lane = lane_of(errand)
    assert await lane._claim(20) == more
    assert lane._in_hand == rows, "each piece takes a slot although all are begun together"
    await ended(lane)


async def free_slots(
    monkeypatch: pytest.MonkeyPatch,
    lane: Any,
    fails_with: Exception | None = None,
    then: Callable[[], None] = lambda: None,
) -> list[int]:
    """For how many free slots a lane claims when its loop goes round once."""
    stopping, found = asyncio.Event(), []

    async def claim(free: int) -> bool:
        found.append(free)
        stopping.set()
        then()
        if fails_with:
            raise fails_with
        return True

    monkeypatch.setattr(lane, "_claim", claim)
    monkeypatch.setattr(lanes, "POLL", 0.01)
    async with asyncio.timeout(30):
        await lane.run(stopping)
    return found


@pytest.mark.parametrize(("busy", "free"), [(True, lanes.YIELDING_SLOTS), (False, 20)])
async def test_a_lane_makes_room_for_the_one_it_yields_to(
    monkeypatch: pytest.MonkeyPatch, errand: Any, busy: bool, free: int
) -> None:
    lane = lane_of(errand, [Urgency.BULK], SimpleNamespace(busy=busy))
    assert await free_slots(monkeypatch, lane) == [free]


async def test_a_lane_with_more_in_hand_than_it_may_have_now_has_no_slot_free(
    monkeypatch: pytest.MonkeyPatch, errand: Any
) -> None:
    """It took them before the other had work."""
    lane, end = lane_of(errand, [Urgency.BULK], SimpleNamespace(busy=True)), asyncio.Event()

    async def wait() -> None:
        await end.wait()

    lane._spawn(wait(), 9)
    assert await free_slots(monkeypatch, lane, then=end.set) == [0]
    assert lane._in_hand == 0, "what is in hand is finished before the loop ends"


@pytest.mark.parametrize(("error", "alive"), [(None, True), (WillPass("away"), True), (LookupError(), False)])
async def test_a_lane_lives_while_it_can_claim_or_waits_for_the_database(
    monkeypatch: pytest.MonkeyPatch, errand: Any, error: Exception | None, alive: bool
) -> None:
    lane = lane_of(errand)
    lane.heartbeat._last = float("-inf")
    await free_slots(monkeypatch, lane, error)
    assert lane.heartbeat.alive == alive


async def hang(*_: Any) -> None:
    await asyncio.Event().wait()


async def cancel_itself(*_: Any) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(("what", "why"), [(hang, TimeoutError), (cancel_itself, RuntimeError)])
@pytest.mark.parametrize("part", ["begin", "perform", "finish", "handler"])
async def test_no_part_of_work_keeps_its_slot_whether_it_hangs_or_cancels_itself(
    monkeypatch: pytest.MonkeyPatch,
    errand: Any,
    put_off: list[tuple[str, type[Exception]]],
    part: str,
    what: Callable[..., Awaitable[None]],
    why: type[Exception],
) -> None:
    monkeypatch.setattr(lanes, "LONGEST", timedelta(seconds=0.05 if what is hang else 60))
    monkeypatch.setattr(lanes, "RECORD_TRIES", 0)
    lane = lane_of(errand)
    if part == "handler":
        lane._spawn(lane._transact(what, claim()))
    else:
        monkeypatch.setattr(errand, part, what)
        lane._spawn(lane._begin("send", [claim()]))
    await ended(lane)
    assert put_off == [("x", why)]


async def test_work_that_is_told_to_end_ends_and_is_no_failure(
    errand: Any, put_off: list[tuple[str, type[Exception]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def perform(*_: Any) -> None:
        begun.set()
        await hang()

    monkeypatch.setattr(errand, "perform", perform)
    lane = lane_of(errand)
    task = asyncio.create_task(lane._perform(errand, claim(), "job"))
    async with asyncio.timeout(30):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert put_off == []


@pytest.mark.parametrize("part", ["begin", "finish"])
async def test_of_work_done_together_only_what_fails_alone_is_left_for_later(
    errand: Any, put_off: list[tuple[str, type[Exception]]], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    lane, whole, done = lane_of(errand), getattr(errand, part), []

    async def fails_for_bad(act: Act, given: Sequence[Any]) -> Any:
        keys = [each.key if isinstance(each, Claim) else each[0] for each in given]
        if "bad" in keys:
            raise LookupError
        done.extend(keys)
        return await whole(act, given)

    monkeypatch.setattr(errand, part, fails_for_bad)
    claims = [claim(key) for key in ("good", "bad", "other")]
    if part == "begin":
        lane._spawn(lane._begin("send", claims))
    else:
        await lane._finish_together(errand, [(each, each.key, "done") for each in claims])
    await ended(lane)
    assert sorted(done) == ["good", "other"]
    assert put_off == [("bad", LookupError)]
