"""What every service must do with the facts it reacts to; a new service is tested by standing in `SERVICES`."""

import importlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import text

from deploy.services import create
from shared import applying, dead_letters, events
from shared.events.registry import topic_of, type_of
from shared.kafka import Envelope, Headers
from shared.runtime import Role
from shared.settings import SERVICES, ServiceSettings
from tests.services.kit import client_of
from tests.support.wait import eventually

pytestmark = pytest.mark.parametrize("name", SERVICES)

EXAMPLES = Path(events.__file__).parent / "examples"
COMMIT_FAILS = (
    """create function refuse() returns trigger language plpgsql as
       'begin raise exception ''no'' using errcode = ''40001''; end'""",
    """create constraint trigger refuse after insert on inbox deferrable initially deferred
       for each row execute function refuse()""",
)

Record = tuple[str, bytes, Headers]


def examples_for(name: str, prefix: str) -> list[Record]:
    """A record per version of every fact a service reacts to; sealed values are gone, as with the forgotten."""
    reactions = importlib.import_module(f"services.{name}.consumers").REACTIONS
    records = []
    for fact in reactions:
        for file in sorted(EXAMPLES.glob(f"{fact.__name__}.v*.json")):
            body = json.loads(file.read_text(), object_hook=lambda part: None if set(part) == {"key", "box"} else part)
            headers = Envelope(
                service=fact.service,
                event_id=uuid4(),
                cause=None,
                type=type_of(fact),
                schema_version=int(file.stem.rpartition(".v")[2]),
                aggregate=UUID(body["id"]),
                occurred_at=datetime.now(UTC),
            ).headers({})
            records.append((topic_of(prefix, fact), json.dumps(body).encode(), headers))
    return records


async def publish(settings: ServiceSettings, *records: Record) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.platform.kafka)
    await producer.start()
    for topic, body, headers in records:
        await producer.send_and_wait(topic, body, headers=headers)
    await producer.stop()


async def committed(settings: ServiceSettings, group: str) -> int:
    """How many records a group has acknowledged, over all partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.platform.kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return sum(max(0, each.offset) for each in offsets.values())


async def test_every_fact_it_reacts_to_is_read_in_all_versions_and_applied_once(
    name: str, settings: ServiceSettings
) -> None:
    records = examples_for(name, settings.platform.topic_prefix)
    await publish(settings, *records, *records)
    app = create(settings, frozenset({Role.CONSUME}))
    async with client_of(app):
        tools = app.state.tools
        await eventually(lambda: tools.metrics.duplicates._value.get() == len(records))
        async with tools.db.transaction() as conn:
            assert (await conn.execute(text("select count(*) from inbox"))).scalar_one() == len(records)
            assert (await conn.execute(text("select count(*) from dead_letters"))).scalar_one() == 0


def changed(part: Any, change: Callable[[Any], Any]) -> Any:
    """A body with each of its values changed."""
    if isinstance(part, dict):
        return {name: changed(each, change) for name, each in part.items()}
    if isinstance(part, list):
        return [changed(each, change) for each in part]
    return change(part)


def strange(record: Record) -> list[Record]:
    """The fact as it could be without breaking its schema, and hard to keep; some of it breaks it all the same."""
    topic, body, headers = record
    whole = json.loads(body)
    moment = re.compile(r"\d{4}(-\d\d-\d\dT)")
    bodies = [
        whole | {"version": 2**40},
        changed(whole, lambda value: 2**40 if type(value) is int else value),
        changed(whole, lambda value: -(2**70) if type(value) is int else value),
        changed(whole, lambda value: moment.sub(r"9999\1", value) if isinstance(value, str) else value),
        changed(whole, lambda value: moment.sub(r"0001\1", value) if isinstance(value, str) else value),
        changed(whole, lambda value: f"{value}\x00" if isinstance(value, str) and " " in value else value),
        changed(whole, lambda value: [] if value is None else value),
    ]
    others = [(name, value) for name, value in headers if name != "ce_id"]
    return [
        (topic, json.dumps(each | {"id": str(uuid4())}).encode(), [*others, ("ce_id", str(uuid4()).encode())])
        for each in bodies
    ]


async def test_facts_that_are_hard_to_keep_do_not_stop_those_after_them(
    name: str, settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LIMIT", 1_000)  # here most records are hard to keep on purpose
    monkeypatch.setattr(applying, "TRIES_OF_UNKNOWN", 1)
    good = examples_for(name, settings.platform.topic_prefix)
    hard = [each for record in good for each in strange(record)]
    await publish(settings, *hard, *good)
    app = create(settings, frozenset({Role.CONSUME}))
    async with client_of(app):
        tools = app.state.tools

        async def acknowledged() -> bool:
            return await committed(settings, f"{settings.platform.topic_prefix}.{name}") == len(hard) + len(good)

        await eventually(acknowledged, timeout=60, every=0.5)
        async with tools.db.transaction() as conn:
            entered = set((await conn.execute(text("select event_id from inbox"))).scalars())
    ids = {UUID(dict(headers)["ce_id"].decode()) for _, _, headers in good}
    assert ids <= entered


async def test_a_fact_is_not_acknowledged_before_its_effects_are_committed(
    name: str, settings: ServiceSettings
) -> None:
    """COMMIT itself is made to fail: the fact must come again, and only then be done with."""
    await publish(settings, examples_for(name, settings.platform.topic_prefix)[0])
    app = create(settings, frozenset({Role.CONSUME}))
    group = f"{settings.platform.topic_prefix}.{name}"
    tools = app.state.tools
    async with tools.db.transaction() as conn:
        for statement in COMMIT_FAILS:
            await conn.execute(text(statement))
    async with client_of(app):
        await eventually(lambda: app.state.runtime.consumer._setbacks >= 2)
        assert await committed(settings, group) == 0
        async with tools.db.transaction() as conn:
            assert (await conn.execute(text("select count(*) from inbox"))).scalar_one() == 0
            await conn.execute(text("drop trigger refuse on inbox"))

        async def acknowledged() -> bool:
            return await committed(settings, group) == 1

        await eventually(acknowledged)
        async with tools.db.transaction() as conn:
            assert (await conn.execute(text("select count(*) from inbox"))).scalar_one() == 1
