"""A database under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

import asyncpg
import httpx
from fastapi import APIRouter, Body
from sqlalchemy import text

from deploy.local.postgres import Postgres
from shared.db import Connection
from shared.runtime import Parts, Role, Runtime, application
from shared.tools import Tools
from tests.shared.kit import Bench
from tests.support.standby import Standby, ask
from tests.support.wait import eventually

RAISE = "do $$ begin raise exception 'so it is' using errcode = '{}'; end $$"


class Pair:
    """A primary and its standby."""

    def __init__(self, primary: Postgres, standby: Standby) -> None:
        self.primary = primary
        self.standby = standby

    async def set(self, name: str, value: str) -> None:
        """Change a setting of the primary for all sessions, those that are open too."""
        await ask(self.primary.url, f"alter system set {name} = {value}", "select pg_reload_conf()")

    async def until_on_standby(self, url: str) -> None:
        """Wait until the standby has a database."""

        async def there() -> bool:
            with suppress(asyncpg.InvalidCatalogNameError, asyncpg.UndefinedTableError):
                return bool(await ask(url, "select count(*) = 0 from effects"))
            return False

        await eventually(there)


def routes() -> APIRouter:
    router = APIRouter(prefix="/notifications/api/v1")

    @router.post("/things")
    async def things(conn: Connection, name: Annotated[str, Body(embed=True)]) -> None:
        await conn.execute(text("insert into effects values (:name)"), {"name": name})

    @router.post("/run")
    async def run(conn: Connection, sql: Annotated[str, Body(embed=True)]) -> None:
        await conn.execute(text(sql))

    return router


class Visitor:
    """Somebody who uses the service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def leave(self, name: str = "a") -> httpx.Response:
        """Have a row written."""
        return _fair(await self._client.post("/notifications/api/v1/things", json={"name": name}))

    async def run(self, sql: str) -> httpx.Response:
        """Have a statement run."""
        return _fair(await self._client.post("/notifications/api/v1/run", json={"sql": sql}))

    async def missing(self) -> list[str]:
        """What `ready` says is missing."""
        answer = await self._client.get("/notifications/health/ready")
        missing: list[str] = answer.json()["missing"]
        assert (answer.status_code == 200) == (missing == [])
        return missing

    async def is_served(self) -> bool:
        """Whether a request that writes is carried out."""
        return (await self.leave()).status_code == 200

    async def is_ready(self) -> bool:
        """Whether nothing is missing."""
        return await self.missing() == []


def _fair(answer: httpx.Response) -> httpx.Response:
    """Whatever is away, the answer says so and when to come again."""
    assert answer.status_code in (200, 500, 503)
    assert (answer.status_code == 503) == ("retry-after" in answer.headers)
    return answer


@asynccontextmanager
async def visited(
    bench: Bench, *, url: str = "", roles: frozenset[Role] = frozenset({Role.HTTP}), **parts: Any
) -> AsyncIterator[tuple[Visitor, Runtime]]:
    """A running service and somebody who visits it.

    Args:
        url: of its database, where it is not the bench's.
    """
    tools = Tools(bench.settings.model_copy(update={"database": url or bench.settings.database, "pool_size": 3}))
    app = application(tools, roles, Parts(routers=[routes()], **parts))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client,
    ):
        yield Visitor(client), app.state.runtime
