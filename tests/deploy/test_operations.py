"""What the command says of a service's database."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from deploy import operations
from deploy.operations import OpenLetter

LETTER = UUID("00000000-0000-4000-8000-000000000001")
_SOME = """
    insert into dead_letters (id, topic, partition, position, headers, reason, recorded_at, settled_at) values
    ('00000000-0000-4000-8000-000000000001', 'some-topic', 2, 17, '{}', 'Malformed', '2026-12-01 08:05', null),
    ('00000000-0000-4000-8000-000000000002', 'some-topic', 2, 18, '{}', 'Malformed', '2026-12-01 08:06', now());
    insert into outbox (topic, type, schema_version, aggregate, version, body, occurred_at, published_at) values
    ('some-topic', 'some-type', 1, gen_random_uuid(), 1, '', now(), null),
    ('some-topic', 'some-type', 1, gen_random_uuid(), 1, '', now(), now());
"""


async def test_open_letters_are_listed_and_facts_that_wait_are_counted(
    database: Callable[[str], Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await database("mobile_office")
    monkeypatch.setenv("MOBILE_OFFICE_DATABASE", url)
    assert await operations.open_letters("mobile_office") == []
    assert await operations.waiting_facts("mobile_office") == 0
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(_SOME)
    finally:
        await conn.close()
    found = await operations.open_letters("mobile_office")
    assert found == [OpenLetter(LETTER, "2026-12-01 08:05", "some-topic", 2, 17, "Malformed")]
    assert await operations.waiting_facts("mobile_office") == 1
