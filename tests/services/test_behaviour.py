"""What every service must do; a new service is tested by standing in `SERVICES`."""

import asyncio
import importlib
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi.dependencies.models import Dependant
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.services import MANIFESTS, create
from shared import migrations
from shared.db import transaction
from shared.events.registry import FACTS, topic_of
from shared.kernel_tables import kernel_tables
from shared.runtime import Role
from shared.settings import SERVICES, ServiceSettings
from shared.web.i18n import LANGUAGES
from tests.services.kit import client_of
from tests.support.routes import api_routes
from tests.support.wait import eventually

pytestmark = pytest.mark.parametrize("name", SERVICES)

PREFIXES = {language.prefix for language in LANGUAGES}
NOBODY = "127.0.0.1:9"
PAGES = {each.name: f"/en{each.tasks[0].path}" for each in MANIFESTS}
"""A page of each service that needs its database."""


async def status(client: httpx.AsyncClient, name: str, check: str) -> tuple[int, dict[str, Any]]:
    answer = await client.get(f"/{name}/health/{check}")
    return answer.status_code, answer.json()


async def test_it_is_live_and_ready_and_shows_its_metrics(name: str, settings: ServiceSettings) -> None:
    async with client_of(create(settings)) as client:

        async def ready() -> bool:
            return (await status(client, name, "ready"))[0] == 200

        await eventually(ready)
        assert await status(client, name, "live") == (200, {"stuck": []})
        metrics = (await client.get(f"/{name}/metrics")).text
        assert f"nahbar_{name}_relay_leading" in metrics
        assert f"nahbar_{name}_outbox_oldest_seconds" in metrics
        assert (await client.head(f"/{name}/health/live")).status_code == 200


async def test_operations_have_one_address_that_no_gateway_lets_through(name: str, settings: ServiceSettings) -> None:
    async with client_of(create(settings, frozenset({Role.HTTP}))) as client:
        for page in ("health/live", "health/ready", "metrics"):
            assert (await client.get(f"/{name}/{page}")).status_code == 200
            for prefix in PREFIXES - {""}:
                assert (await client.get(f"{prefix}/{name}/{page}")).status_code == 404
                slashed = await client.get(f"{prefix}/{name}/{page}/", follow_redirects=True)
                assert slashed.status_code == 404


async def test_a_redirect_names_no_host_whatever_the_client_says(name: str, settings: ServiceSettings) -> None:
    async with client_of(create(settings)) as client:
        for prefix in ("", "/en"):
            answer = await client.get(f"{prefix}/{name}/staff", headers={"Host": "evil.example"})
            assert (answer.status_code, answer.headers["location"]) == (307, f"{prefix}/{name}/staff/")


async def test_without_kafka_it_lives_and_says_that_it_is_not_ready(name: str, settings: ServiceSettings) -> None:
    away = settings.model_copy(update={"platform": settings.platform.model_copy(update={"kafka": NOBODY})})
    async with client_of(create(away)) as client:
        assert await status(client, name, "ready") == (503, {"missing": ["kafka"]})
        assert (await status(client, name, "live"))[0] == 200


async def test_without_its_database_it_lives_and_says_that_it_is_not_ready(
    name: str, settings: ServiceSettings
) -> None:
    away = settings.model_copy(update={"database": f"postgresql://postgres:x@{NOBODY}/nothing"})
    async with client_of(create(away)) as client:
        code, body = await status(client, name, "ready")
        assert code == 503
        assert "database" in body["missing"]
        assert (await status(client, name, "live"))[0] == 200


async def test_without_its_database_a_page_says_so_in_its_language_and_when_to_come_again(
    name: str, settings: ServiceSettings
) -> None:
    away = settings.model_copy(update={"database": f"postgresql://postgres:x@{NOBODY}/nothing"})
    async with client_of(create(away, frozenset({Role.HTTP}))) as client:
        answer = await client.get(PAGES[name])
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert '<html lang="en"' in answer.text


async def test_a_stuck_loop_ends_liveness(name: str, settings: ServiceSettings) -> None:
    app = create(settings)
    async with client_of(app) as client:
        loop = app.state.runtime.loops["relay"]
        loop.heartbeat.limit = -1
        assert await status(client, name, "live") == (503, {"stuck": ["relay"]})


async def test_two_run_in_one_process(name: str, settings: ServiceSettings) -> None:
    async with client_of(create(settings)) as one, client_of(create(settings)) as two:
        for client in (one, two):
            assert (await status(client, name, "live"))[0] == 200


async def test_each_role_starts_alone(name: str, settings: ServiceSettings) -> None:
    for role in Role:
        app = create(settings, frozenset({role}))
        async with client_of(app) as client:
            assert (await status(client, name, "live"))[0] == 200
            served = any(route.path.startswith(f"/{name}/api/v1") for route in app.routes if hasattr(route, "path"))
            documented = bool(app.openapi()["paths"])
            assert (served or documented) == (role is Role.HTTP)


async def test_what_stands_in_the_outbox_reaches_kafka(name: str, settings: ServiceSettings) -> None:
    fact = next(fact for fact in FACTS if fact.service == name)
    app = create(settings)
    async with client_of(app):
        tools = app.state.tools
        async with tools.db.transaction() as conn:
            await conn.execute(
                text("""
                    insert into outbox (topic, type, schema_version, aggregate, version, body, occurred_at)
                    values (:topic, 'test', 1, :id, 1, '{}', now())
                """),
                {"topic": topic_of(settings.platform.topic_prefix, fact), "id": uuid4()},
            )
        await eventually(lambda: tools.metrics.published._value.get() == 1)


async def test_no_answer_leaves_before_its_transaction_is_committed(name: str, settings: ServiceSettings) -> None:
    def transactions(dependant: Dependant) -> Iterator[Dependant]:
        for each in dependant.dependencies:
            if each.call is transaction:
                yield each
            yield from transactions(each)

    app = create(settings)
    found = [each for route in api_routes(app) for each in transactions(route.dependant)]
    assert found
    assert {each.scope for each in found} == {"function"}
    await app.state.tools.db.close()


async def test_its_api_is_documented_and_answers_unknown_paths_with_problems(
    name: str, settings: ServiceSettings
) -> None:
    async with client_of(create(settings)) as client:
        document = (await client.get(f"/{name}/api/openapi.json")).json()
        assert document["paths"]
        for path, operations in document["paths"].items():
            assert path.startswith(f"/{name}/api/v1/"), path
            assert all(operation.get("description") for operation in operations.values()), f"{path} has no docstring"
        missing = await client.get(f"/{name}/api/v1/nothing-here")
        assert missing.status_code == 404
        assert missing.headers["content-type"] == "application/problem+json"
        assert missing.json()["type"] == "urn:nahbar:problem:not-found"


async def test_the_page_of_its_api_fetches_nothing_from_elsewhere(name: str, settings: ServiceSettings) -> None:
    async with client_of(create(settings)) as client:
        page = (await client.get(f"/{name}/api/docs")).text
        fetched = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(fetched) >= 3
        for address in fetched:
            assert address.startswith(f"/{name}/api/docs/assets/")
            assert (await client.get(address)).status_code == 200


async def test_a_trace_is_continued(name: str, settings: ServiceSettings) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with client_of(create(settings)) as client:
        answer = await client.get(f"/{name}/health/live", headers={"traceparent": trace})
        assert answer.headers["traceparent"] == trace


async def test_migrations_make_what_the_code_expects(name: str, settings: ServiceSettings) -> None:
    metadata = importlib.import_module(f"services.{name}.tables").metadata
    kernel = type(metadata)()
    kernel_tables(kernel)
    assert set(kernel.tables) <= set(metadata.tables)

    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    engine = create_async_engine(settings.database.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as conn:
        found = [each for each in await conn.run_sync(differences) if "alembic_version" not in str(each)]
    await engine.dispose()
    assert found == []


async def test_migrations_have_one_head_and_go_down_and_up_again(name: str, settings: ServiceSettings) -> None:
    assert len(ScriptDirectory.from_config(migrations.config(name)).get_heads()) == 1
    await migrations.downgrade(settings.database, name)
    engine = create_async_engine(settings.database.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as conn:
        left = await conn.execute(
            text("select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'")
        )
        assert left.scalars().all() == []
    await engine.dispose()
    await asyncio.gather(*[migrations.upgrade(settings.database, name) for _ in range(2)])


def test_its_staff_pages_stand_once_in_their_navigation(name: str, settings: ServiceSettings) -> None:
    paths = [entry.path for entry in create(settings).state.staff_area.entries]
    assert len(paths) == len(set(paths))


def test_migrations_that_were_published_do_not_change(name: str) -> None:
    """A city has run them already: what is different goes into a new one, whose sum is added to the list."""
    folder = migrations.ROOT / "services" / name / "migrations"
    published = {file: sum for sum, file in (line.split() for line in (folder / "published.sha256").open())}
    files = sorted((folder / "versions").glob("0*.py"))
    assert published == {file.name: sha256(file.read_bytes()).hexdigest() for file in files}
