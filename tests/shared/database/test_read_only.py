"""A server that is made read-only under a running service, as before a move: all of it waits, nothing is put aside."""

from datetime import timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from structlog.testing import LogCapture

from shared.act import Act
from shared.due import Urgency, Work
from shared.events.notifications import NotificationDelivered
from shared.runtime import ALL_ROLES
from shared.tools import Tools
from tests.shared.database.kit import Pair, Visitor, visited
from tests.shared.kit import Bench, notice
from tests.shared.records import as_headers, produce
from tests.support.wait import eventually


async def effect(act: Act, received: Any) -> None:
    await act.conn.execute(text("insert into effects values (:name)"), {"name": received.fact.notice.purpose})


async def work(act: Act, claim: Any) -> None:
    await act.conn.execute(text("insert into effects values (:name)"), {"name": claim.key})


async def test_all_roles_wait_while_the_server_only_reads_and_go_on_afterwards(
    bench: Bench, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = LogCapture()
    monkeypatch.setattr("shared.consumer.log", structlog.wrap_logger(None, [said], structlog.BoundLogger))
    wiring: Any = {"reactions": {NotificationDelivered: effect}, "due": {"work": work}}
    async with visited(bench, roles=ALL_ROLES, **wiring) as (visitor, runtime):
        await eventually(lambda: runtime.tools.metrics.leading._value.get() == 1)
        await eventually(visitor.is_ready)
        soon = runtime.tools.clock.now() + timedelta(seconds=1)
        async with runtime.tools.db.transaction() as conn:
            await runtime.tools.due.schedule(conn, Work("work", "due", soon, Urgency.DIRECT))
        await pair.set("default_transaction_read_only", "on")
        try:
            await _refuses(visitor, runtime.tools)
            facts = [notice(purpose=purpose) for purpose in ("one", "two")]
            await produce(bench, *[(fact.model_dump_json().encode(), as_headers(fact.id)) for fact in facts])
            consumer: Any = runtime.loops["consumer"]
            await eventually(lambda: consumer._setbacks > 1)
            consumer._setbacks = 20  # as after an hour
            await eventually(lambda: consumer._setbacks > 21)
            assert (await visitor.leave()).status_code == 503
            assert runtime.stuck_loops() == []
        finally:
            await pair.set("default_transaction_read_only", "off")
        await eventually(visitor.is_served)
        assert await visitor.missing() == []
        for purpose in ("one", "two", "due"):
            await bench.until_applied(purpose)
        await eventually(lambda: runtime.tools.metrics.leading._value.get() == 1)
    effects = await bench.effects()
    assert {name: effects[name] for name in ("one", "two", "due")} == {"one": 1, "two": 1, "due": 1}
    assert await bench.rows("select 1 from dead_letters") == []
    assert all(line["seconds"] <= 5 for line in said.entries if line["event"] == "consumer_waits")


async def _refuses(visitor: Visitor, tools: Tools) -> None:
    """Wait until requests are refused, the process says so, and the relay has let go."""

    async def refused() -> bool:
        return (await visitor.leave()).status_code == 503

    await eventually(refused)
    assert await visitor.missing() == ["database"]
    await eventually(lambda: tools.metrics.leading._value.get() == 0)


async def test_the_relay_publishes_nothing_from_a_server_where_it_could_not_mark_it(bench: Bench, pair: Pair) -> None:
    """It would publish the same again and again."""
    await bench.record(notice())
    async with visited(bench, roles=ALL_ROLES) as (_, runtime):
        await eventually(lambda: runtime.tools.metrics.leading._value.get() == 1)
        await eventually(lambda: runtime.tools.metrics.published._value.get() == 1)
        async with runtime.tools.db.transaction() as conn:
            # A row that appears together with the setting: the relay reads both at once.
            await conn.execute(text("update outbox set published_at = null"))
            await pair.set("default_transaction_read_only", "on")
        try:
            await eventually(lambda: runtime.tools.metrics.leading._value.get() == 0)
        finally:
            await pair.set("default_transaction_read_only", "off")
        await eventually(lambda: runtime.tools.metrics.published._value.get() == 2)
    assert len(await bench.records(bench.topic, expected=2)) == 2
