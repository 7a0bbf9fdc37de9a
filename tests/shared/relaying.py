"""Relays without a far end, and what one published."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord

from shared.events.notifications import NotificationDelivered
from tests.shared.kit import Bench
from tests.support.wait import eventually

A, B = UUID(int=0xA), UUID(int=0xB)


class Producer:
    """Kafka, as far as the relay sees it: what becomes of a record, the first times it is sent, is given.

    Args:
        answers: by record, such as `a1` for the first version of A, what is done in turn: an error that is its
            answer, None for no answer at all; anything not given is acknowledged.
        refused: records whose first sending raises at once.
    """

    def __init__(self, answers: dict[str, list[Exception | None]], refused: dict[str, Exception]) -> None:
        self.sent: list[str] = []
        self.stopped = 0
        self._answers = answers
        self._refused = refused

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.stopped += 1

    async def send(self, topic: str, value: bytes, key: bytes, headers: Any) -> "asyncio.Future[Any]":
        fact = NotificationDelivered.model_validate_json(value)
        name = f"{fact.id.int:x}{fact.version}"
        self.sent.append(name)
        if name in self._refused:
            raise self._refused.pop(name)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer = self._answers[name].pop(0) if self._answers.get(name) else "taken"
        if isinstance(answer, Exception):
            future.set_exception(answer)
        elif answer is not None:
            future.set_result(answer)
        return future


def assert_complete_and_in_order(records: Sequence[ConsumerRecord], versions: dict[UUID, int]) -> None:
    """I5, I7, I8: every version is there; after dropping what was seen, versions count up; one partition each."""
    highest: dict[UUID, int] = defaultdict(int)
    partitions: dict[UUID, set[int]] = defaultdict(set)
    for record in sorted(records, key=lambda each: (each.partition, each.offset)):
        fact = NotificationDelivered.model_validate_json(record.value)
        partitions[fact.id].add(record.partition)
        if fact.version > highest[fact.id]:
            assert fact.version == highest[fact.id] + 1, f"version {fact.version} came after {highest[fact.id]}"
            highest[fact.id] = fact.version
    assert dict(highest) == versions
    assert all(len(each) == 1 for each in partitions.values())


async def unpublished(bench: Bench) -> int:
    [row] = await bench.rows("select count(*) from outbox where published_at is null and refused is null")
    return int(row[0])


async def drained(bench: Bench, timeout: float = 40) -> None:
    async def empty() -> bool:
        return await unpublished(bench) == 0

    await eventually(empty, timeout=timeout, every=0.2)
