"""A consumer between records and a Kafka client that are given, with no server behind either."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IllegalStateError
from sqlalchemy import text

from shared.act import Act
from shared.consumer import Consumer
from shared.events.notifications import NotificationDelivered
from shared.records import Parsed, Record
from shared.tools import Tools
from tests.shared.kit import Bench
from tests.shared.records import record

Failing = Callable[[], Exception]

BATCH: list[Record] = [record([], partition=part, offset=at) for part, at in ((0, 5), (1, 9), (0, 6), (1, 10))]


def by_number(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    """Offsets by the number of their partition."""
    return {partition.partition: offset for partition, offset in offsets.items()}


class Client:
    """Kafka's client, as far as the consumer sees it."""

    def __init__(self) -> None:
        self.sought: dict[int, int] = {}
        self.acknowledged: list[dict[int, int]] = []
        self.given_away: set[int] = set()
        self.refusal: Exception | None = None

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition.partition in self.given_away:
            raise IllegalStateError
        self.sought[partition.partition] = offset

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.refusal:
            raise self.refusal
        self.acknowledged.append(by_number(offsets))


class Applied:
    """What becomes of records: of all together, and of each alone by its number in the batch."""

    def __init__(self) -> None:
        self.together_is: int | Exception = len(BATCH)
        self.alone_is: dict[int, Failing] = {}
        self.alone_tried: list[int] = []
        self.unreadable: Exception | None = None

    async def read(self, records: Sequence[Record]) -> Sequence[Parsed]:
        if self.unreadable:
            raise self.unreadable
        return [Parsed(each) for each in records]

    async def together(self, parsed: Sequence[Parsed]) -> int:
        if isinstance(self.together_is, Exception):
            raise self.together_is
        return self.together_is

    async def alone(self, item: Parsed) -> None:
        number = BATCH.index(item.record)
        self.alone_tried.append(number)
        if number in self.alone_is:
            raise self.alone_is[number]()


class Consuming:
    """A consumer between records and a client of ours, and how long it waits."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.client, self.applied = tools, Client(), Applied()
        self.waits: list[float] = []
        self.stopping = asyncio.Event()
        self.consumer: Any = Consumer(tools, {NotificationDelivered: self.react})
        vars(self.consumer).update(_client=self.client, _applying=self.applied)

    async def react(self, *_: Any) -> None: ...

    async def sleep(self, seconds: float, _: asyncio.Event) -> None:
        self.waits.append(seconds)

    async def handle(self) -> None:
        await self.consumer._handle(self.stopping, BATCH)

    @property
    def halted(self) -> float:
        return float(self.tools.metrics.halted._value.get())


class Effects:
    """A reaction whose effect is a row, after whatever went wrong by order."""

    def __init__(self, *failures: Exception) -> None:
        self.tried: Counter[str] = Counter()
        self._failures = list(failures)

    async def __call__(self, act: Act, received: Any) -> None:
        purpose = received.fact.notice.purpose
        self.tried[purpose] += 1
        if purpose == "cursed" and self._failures:
            raise self._failures.pop(0)
        await act.conn.execute(text("insert into effects values (:purpose)"), {"purpose": purpose})

    @property
    def reactions(self) -> dict[Any, Any]:
        return {NotificationDelivered: self}


async def configure(bench: Bench, name: str, value: str) -> None:
    """Change a setting of the bench's topic."""
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    admin = AIOKafkaAdminClient(bootstrap_servers=bench.platform.kafka)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, bench.topic, {name: value})])
    await admin.close()
