"""What the relay does with its session: it leads alone, and lets no fact out that could not be marked afterwards."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from shared import kafka, postgres, relay
from shared.relay import Relay
from shared.settings import Platform
from shared.telemetry import Metrics
from shared.wakeup import Wakeup
from tests.shared.kit import notice
from tests.shared.relaying import A, Producer

PLATFORM = Platform(kafka="nowhere.test:1", postgres="postgresql://nowhere.test", topic_prefix="t")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
STATEMENTS = {relay._WAIT_FOR_STANDBY: "standby", relay._PUBLISHED: "mark"}


def row(version: int, has_standby: bool = False) -> dict[str, Any]:
    """A row of the outbox."""
    fact = notice(A, version)
    names = {"id": version, "event_id": uuid4(), "cause": None, "topic": "t", "type": "t", "schema_version": 1}
    rest = {"aggregate": A, "version": version, "body": fact.model_dump_json().encode(), "headers": {}}
    return {**names, **rest, "occurred_at": NOW, "age": 1.0, "has_standby": has_standby}


class Session:
    """The relay's session with the database.

    Args:
        lock: whether the lock is free, in turn.
        rows: what waits, in turn; then the relay is told to stop.
    """

    def __init__(self, lock: Sequence[bool] = (True,), rows: Sequence[Sequence[Any]] = (), writes: bool = True) -> None:
        self.asked: list[str] = []
        self.settings: dict[str, Any] = {}
        self.end: Callable[[], None] = lambda: None
        self._lock, self._rows, self._writes = list(lock), list(rows), writes

    async def set_type_codec(self, *_: Any, **__: Any) -> None: ...

    async def fetchval(self, *_: Any) -> bool:
        self.asked.append("lock")
        if not self._lock:
            self.end()
        return bool(self._lock and self._lock.pop(0))

    async def fetch(self, *_: Any) -> Sequence[Any]:
        self.asked.append("read")
        if not self._rows:
            self.end()
        return self._rows.pop(0) if self._rows else []

    async def execute(self, statement: str, *_: Any) -> None:
        await asyncio.sleep(0.01)
        self.asked.append(STATEMENTS.get(statement, statement))

    def get_settings(self) -> Any:
        return SimpleNamespace(default_transaction_read_only="off" if self._writes else "on")

    async def close(self, timeout: float) -> None:
        self.asked.append("close")


class Sending(Producer):
    """A producer that notes in the session when something is sent."""

    def __init__(self, session: Session, start: Callable[[], Any] | None = None) -> None:
        super().__init__({}, {})
        self._session, self._start = session, start

    async def start(self) -> None:
        if self._start:
            await self._start()

    async def send(self, *given: Any, **named: Any) -> "asyncio.Future[Any]":
        self._session.asked.append("send")
        return await super().send(*given, **named)


async def relay_with(
    monkeypatch: pytest.MonkeyPatch, *sessions: Session, producers: Sequence[Producer] | None = None
) -> Relay:
    """A relay that ran through its sessions, one after the other."""
    stopping, open_sessions = asyncio.Event(), list(sessions)
    given = list(producers or [Sending(each) for each in sessions])
    made = Relay("notifications", "", PLATFORM, Wakeup(), Metrics("notifications"))
    made._wakeup = SimpleNamespace(wait=lambda _: asyncio.sleep(0))  # type: ignore[assignment]

    async def connect(_: str, **settings: Any) -> Session:
        session = open_sessions.pop(0)
        session.settings = settings
        session.end = stopping.set
        return session

    monkeypatch.setattr(postgres, "connect", connect)
    monkeypatch.setattr(relay, "new_producer", lambda _: given.pop(0))
    monkeypatch.setattr(relay, "STANDBY_POLL", 0.01)
    monkeypatch.setattr(relay, "BATCH", 1)
    made.heartbeat._last = float("-inf")
    async with asyncio.timeout(30):
        await made.run(stopping)
    assert made._metrics.leading._value.get() == 0
    return made


async def test_a_relay_reads_nothing_before_it_has_the_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(lock=[False, False, True])
    await relay_with(monkeypatch, session)
    assert session.asked == ["lock", "lock", "lock", "read", "close"]


async def test_a_relay_that_waits_for_the_lead_is_alive_and_ends_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(lock=[False])
    made = await relay_with(monkeypatch, session)
    assert session.asked == ["lock", "lock", "close"]
    assert made.heartbeat.alive


async def test_the_database_ends_the_session_of_a_frozen_relay_and_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    await relay_with(monkeypatch, session)
    assert session.settings["server_settings"]["idle_session_timeout"] == f"{relay.FROZEN_AFTER}s"
    assert session.settings["command_timeout"] is not None, "a database that never answers has lost the relay"
    silent = max(2 * relay.KEEP_ALIVE, 2 * relay.POLL, 2 * relay.STANDBY_POLL, relay.START_LIMIT)
    assert silent < relay.FROZEN_AFTER


async def test_nothing_is_sent_that_could_not_be_marked_and_it_is_sent_from_the_next_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = Session(rows=[[row(1)]], writes=False), Session(rows=[[row(1)]])
    await relay_with(monkeypatch, reading, writing, producers=[Sending(writing)])
    assert reading.asked == ["lock", "read", "close"]
    assert writing.asked == ["lock", "read", "send", "read", "mark", "close"]


@pytest.mark.parametrize("has_standby", [True, False])
async def test_before_anything_is_sent_the_standby_has_it_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, has_standby: bool
) -> None:
    session = Session(rows=[[row(1, has_standby)]])
    made = await relay_with(monkeypatch, session)
    assert made.heartbeat.alive
    expected = ["lock", "read", *(["standby"] if has_standby else []), "send", "read", "mark", "close"]
    assert session.asked == expected


async def test_what_was_sent_before_is_marked_although_nothing_more_can_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session(rows=[[row(1)], [row(2)]])
    producer = Sending(session)
    send = producer.send

    async def send_once(*given: Any, **named: Any) -> Any:
        if producer.sent:
            raise OSError
        return await send(*given, **named)

    monkeypatch.setattr(producer, "send", send_once)
    await relay_with(monkeypatch, session, Session(), producers=[producer])
    assert session.asked == ["lock", "read", "send", "read", "mark", "close"]


async def test_a_producer_that_finds_no_broker_is_given_up_in_time_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "START_LIMIT", 0.05)
    first, second = Session(rows=[[row(1)]]), Session(rows=[[row(1)]])
    hanging = Sending(first, start=asyncio.Event().wait)
    await relay_with(monkeypatch, first, second, producers=[hanging, Sending(second)])
    assert (hanging.sent, hanging.stopped) == ([], 1)
    assert "send" in second.asked


async def test_a_producer_whose_broker_is_gone_is_closed_without_waiting_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`stop` of aiokafka waits until all is sent, which never is."""
    monkeypatch.setattr(relay, "CLOSE_LIMIT", 0.05)
    closed: list[str] = []

    async def close(what: str) -> None:
        closed.append(what)

    gone: Any = SimpleNamespace(
        stop=asyncio.Event().wait,
        _sender=SimpleNamespace(close=lambda: close("sender")),
        client=SimpleNamespace(close=lambda: close("client")),
    )
    async with asyncio.timeout(30):
        await relay._close(gone)
    assert closed == ["sender", "client"]


async def test_an_acknowledgement_means_stored_on_all_replicas_and_once() -> None:
    producer = kafka.new_producer(PLATFORM)
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None, "it numbers what it sends"
    assert producer._partitioner(b"k", range(99), range(99)) < PLATFORM.partitions
    await producer.stop()
