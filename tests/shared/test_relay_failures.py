"""What the relay does when Kafka takes some facts and not others: none is overtaken by a later one of its aggregate."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RecordListTooLargeError

from shared import relay
from shared.events.notifications import NotificationDelivered
from shared.relay import Relay
from shared.telemetry import Metrics
from shared.wakeup import Wakeup
from tests.shared.kit import Bench, notice
from tests.shared.relaying import A, B, Producer
from tests.support.wait import eventually

Answer = Callable[["Producer", str], Any]


@asynccontextmanager
async def relaying(bench: Bench) -> AsyncIterator[Relay]:
    """A relay that runs."""
    stopping, wakeup = asyncio.Event(), Wakeup()
    made = Relay("notifications", bench.settings.database, bench.platform, wakeup, Metrics("notifications"))
    running = asyncio.create_task(made.run(stopping))
    yield made
    stopping.set()
    wakeup.set()
    await running


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Producer]:
    """Puts a producer of ours in the place of Kafka's."""

    def make(answers: dict[str, list[Exception | None]], **refused: Exception) -> Producer:
        producer = Producer(answers, refused)
        monkeypatch.setattr(relay, "new_producer", lambda _: producer)
        return producer

    monkeypatch.setattr(relay, "KEEP_ALIVE", 0.05)
    monkeypatch.setattr(relay, "SEND_LIMIT", 0.2)
    return make


async def published(bench: Bench) -> list[str]:
    rows = await bench.rows("select aggregate, version from outbox where published_at is not null order by id")
    return [f"{row.aggregate.int:x}{row.version}" for row in rows]


async def until_published(bench: Bench, *names: str) -> None:
    async def all_published() -> bool:
        return await published(bench) == list(names)

    await eventually(all_published)


FACTS = [notice(A, 1), notice(B, 1), notice(A, 2), notice(B, 2)]


@pytest.mark.parametrize("answer", [KafkaError(), None], ids=["refused", "unanswered"])
async def test_what_follows_a_lost_fact_is_sent_again_behind_it_and_the_rest_is_not(
    bench: Bench, kafka: Callable[..., Producer], answer: Exception | None
) -> None:
    producer = kafka({"a1": [answer]})
    await bench.record(*FACTS)
    async with relaying(bench):
        await until_published(bench, "a1", "b1", "a2", "b2")
    assert producer.sent == ["a1", "b1", "a2", "b2", "a1", "a2"]
    assert producer.stopped == 2, "a producer that lost something is thrown away"


async def test_behind_a_fact_that_cannot_be_sent_nothing_is(bench: Bench, kafka: Callable[..., Producer]) -> None:
    producer = kafka({}, b1=KafkaTimeoutError())
    await bench.record(*FACTS)
    async with relaying(bench):
        await until_published(bench, "a1", "b1", "a2", "b2")
    assert producer.sent == ["a1", "b1", "b1", "a2", "b2"]


async def test_of_a_batch_the_broker_finds_too_large_only_the_culprit_is_parked(
    bench: Bench, kafka: Callable[..., Producer]
) -> None:
    """The broker refuses the whole batch, and each of its facts with it."""
    too_large = MessageSizeTooLargeError()
    producer = kafka({"a1": [too_large], "b1": [too_large, too_large], "a2": [too_large], "b2": [too_large]})
    await bench.record(*FACTS)
    async with relaying(bench):
        await until_published(bench, "a1", "a2", "b2")
    assert [row.version for row in await bench.rows("select version from outbox where refused is not null")] == [1]
    assert producer.sent == ["a1", "b1", "a2", "b2", "a1", "b1", "a2", "b2"]


async def test_a_fact_the_client_finds_too_large_is_parked_and_what_was_sent_before_it_is_not_sent_again(
    bench: Bench, kafka: Callable[..., Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = kafka({})
    send = producer.send

    async def send_what_fits(topic: str, value: bytes, **rest: Any) -> Any:
        if NotificationDelivered.model_validate_json(value).notice.purpose == "too large":
            raise RecordListTooLargeError
        return await send(topic, value, **rest)

    monkeypatch.setattr(producer, "send", send_what_fits)
    await bench.record(FACTS[0], notice(B, 1, "too large"), *FACTS[2:])
    async with relaying(bench):
        await until_published(bench, "a1", "a2", "b2")
    assert [row.refused for row in await bench.rows("select refused from outbox where refused is not null")] == [
        "RecordListTooLargeError"
    ]
    assert producer.sent == ["a1", "a2", "b2"]


async def test_while_kafka_takes_its_time_the_database_hears_of_the_relay(
    bench: Bench, kafka: Callable[..., Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the database takes it for frozen, and another relay would send beside it."""
    monkeypatch.setattr(relay, "SEND_LIMIT", 60)
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asked: list[str] = []

    class Database:
        async def execute(self, sql: str) -> None:
            asked.append(sql)
            if len(asked) == 3:
                answer.set_result(None)

    kafka({})
    made = Relay("notifications", "", bench.platform, Wakeup(), Metrics("notifications"))
    waiting: Any = asyncio.wait_for(made._wait(Database(), [answer]), 30)
    await waiting
    assert answer.done()
