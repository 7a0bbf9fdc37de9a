"""Due work that failed, or whose result cannot be recorded: how long it waits, and how often it is tried."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared import lanes
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.failures import WillPass
from shared.lanes import Lane
from shared.runtime import Role
from shared.tools import Tools
from shared.wakeup import Wakeup
from tests.shared.kit import Bench
from tests.shared.working import Errands, now, schedule
from tests.support.wait import eventually


@pytest.fixture
async def lane(bench: Bench) -> AsyncIterator[Lane]:
    """A lane whose loop does not run."""
    tools = Tools(bench.settings)
    yield Lane(tools, {}, list(Urgency), 20, Wakeup())
    await tools.db.close()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """How long work was held, as asked of the database."""
    lengths: list[timedelta] = []

    async def hold(_: Lane, __: Claim, length: timedelta) -> bool:
        lengths.append(length)
        return True

    monkeypatch.setattr(Lane, "_hold", hold)
    monkeypatch.setattr(lanes, "RECORD_AGAIN", 0.01)
    return lengths


def claim(attempts: int = 1) -> Claim:
    return Claim("send", "x", attempts, uuid4())


async def test_what_fails_waits_longer_each_time_but_never_long(lane: Lane, held: list[timedelta]) -> None:
    for attempts in (1, 2, 3, 9, 10, 1_000_000):
        await lane._pause(claim(attempts), RuntimeError())
    assert held == [*(timedelta(seconds=each) for each in (2, 4, 8, 512)), *[lanes.LONGEST_PAUSE] * 2]


@pytest.mark.parametrize(("lease", "asked"), [(lanes.LEASE, 3), (timedelta(), 1)])
async def test_while_the_database_is_away_work_is_put_off_until_the_lease_does_it(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, lease: timedelta, asked: int
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(lanes, "RECORD_AGAIN", 0.01)
    monkeypatch.setattr(lanes, "LEASE", lease)

    async def hold(*_: Any) -> bool:
        return next(answers)

    monkeypatch.setattr(Lane, "_hold", hold)
    await lane._pause(claim(), RuntimeError())
    assert len(list(answers)) == 3 - asked


class Unrecordable(Errands):
    """An errand whose result the database, which takes everything else, never takes."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.tried = 0
        self._error = error

    async def finish(self, act: Act, results: Sequence[tuple[Any, Any]]) -> None:
        self.tried += 1
        raise self._error


@pytest.mark.parametrize(("error", "tries"), [(WillPass(), lanes.RECORD_TRIES + 1), (RuntimeError(), 1)], ids=repr)
async def test_a_result_that_cannot_be_recorded_is_given_up(
    lane: Lane, held: list[timedelta], error: Exception, tries: int
) -> None:
    errand = Unrecordable(error)
    async with asyncio.timeout(30):
        await lane._finish_alone(errand, claim(), "x", "done")
    assert errand.tried == tries
    assert held == [*[lanes.LEASE] * (tries - 1), timedelta(seconds=2)]


async def test_what_is_in_hand_is_finished_before_the_process_ends(bench: Bench) -> None:
    answered = asyncio.Event()
    errands = Errands(until=answered)
    await schedule(bench, Work("send", "x", now(bench), Urgency.DIRECT))
    async with bench.running({Role.DUE}, due={"send": errands}):
        await eventually(lambda: errands.performed["x"] == 1)
        asyncio.get_running_loop().call_later(0.3, answered.set)
    assert errands.finished["x"] == 1
