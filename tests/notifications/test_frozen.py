"""A worker frozen beyond its lease: another one takes over, and nothing is sent twice when the first thaws."""

import asyncio
import contextlib
import pickle
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared import lanes
from shared.events.notifications import NotificationDelivered
from tests.chaos import fail_points as points
from tests.chaos.fail_points import Armed
from tests.notifications.facts import MOBILE, booked, person, received
from tests.notifications.kit import Post
from tests.notifications.worker_process import LEASE
from tests.support.forked import Forked
from tests.support.wait import eventually

BREAKS_OFF = "+4915228817308"
"""A number whose gateway takes the SMS and breaks off instead of answering."""
MESSAGES = "kind in ('send', 'look-up') and lease is not null"


@contextlib.asynccontextmanager
async def worker(post: Post, folder: Path) -> AsyncIterator[Forked]:
    """A worker of its own process, ended with the block."""
    (folder / "settings").write_bytes(pickle.dumps(post.settings))
    command = [sys.executable, "-m", "tests.notifications.worker_process", str(folder / "settings"), str(folder)]
    process = Forked("worker", folder)
    await asyncio.to_thread(process.spawn, command)
    try:
        yield process
    finally:
        process.kill()


@pytest.mark.parametrize("point", [points.NOT_BEGUN, points.CLAIMED, points.ANSWER_NOT_RECORDED, points.LOOKED_UP])
async def test_a_worker_frozen_beyond_its_lease_sends_nothing_twice(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(lanes, "LEASE", LEASE)
    by_mail = booked(person("delivered", None))
    by_sms = booked(person(None, BREAKS_OFF if point == points.LOOKED_UP else MOBILE), channels=["sms"])
    await post.take(received(by_mail), received(by_sms))
    armed = Armed(tmp_path / "points")
    armed.arm_frost(point)
    async with post.mail_server(), post.gateway(), worker(post, tmp_path / "points") as frozen:
        await eventually(lambda: armed.frozen(point) is not None, timeout=60)
        assert frozen.process
        assert armed.frozen(point) == frozen.process.pid
        mine = "select lease from due_work where kind in ('send', 'look-up') and leased_until > now()"
        held = [row.lease for row in await post.rows(mine)]

        async def taken_over() -> bool:
            return not await post.rows(
                "select 1 from due_work where lease = any(:held) and kind <> 'housekeeping'", held=held
            )

        assert held, "the frozen worker has work in hand"
        async with post.running():
            await eventually(taken_over, timeout=60)
            frozen.resume()
            await post.until(by_mail.id, mail="delivered")
            await post.until(by_sms.id, sms="delivered")
    assert [(each.channel, each.times) for each in sorted(post.received(), key=lambda each: each.channel)] == [
        ("mail", 1),
        ("sms", 1),
    ]
    ended = [fact.notice.matter for fact in await post.facts() if isinstance(fact, NotificationDelivered)]
    assert sorted(ended) == sorted([by_mail.id, by_sms.id])
    assert (await post.ledger()).maybe_twice == []
