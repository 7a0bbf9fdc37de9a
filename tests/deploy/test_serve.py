"""A process that serves: where it thinks requests come from, and how it ends when it is told to."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deploy.local.processes import Child, free_port
from deploy.serve import config_of, platform_app
from deploy.services import MANIFESTS
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.runtime import Role
from shared.settings import SERVICES
from shared.web.portal import PLANNED
from tests.support.stack import Backend
from tests.support.wait import eventually


@pytest.mark.parametrize(
    ("services", "online", "aliases"),
    [
        (["appointments"], "[]", {"/termin"}),
        (["notifications"], "[]", {"/nachrichten"}),
        (["appointments", "notifications"], "[]", {"/termin", "/nachrichten"}),
        (["appointments"], '["notifications"]', {"/termin", "/nachrichten"}),
    ],
)
async def test_the_portal_leads_to_what_can_be_done_online(
    services: list[str], online: str, aliases: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAHBAR_ONLINE", online)
    transport = httpx.ASGITransport(platform_app(services, frozenset({Role.HTTP})))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        tasks = [*PLANNED, *(task for each in MANIFESTS for task in each.tasks)]
        found = {f"/{task.alias}": await client.get(f"/{task.alias}") for task in tasks}
    assert {path for path, answer in found.items() if answer.status_code == 302} == aliases


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        ([], "127.0.0.1", "203.0.113.9", "127.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (["10.0.0.0/8"], "203.0.113.5", "198.51.100.1", "203.0.113.5"),
    ],
    ids=["no proxy", "a proxy", "a made-up hop before it", "two proxies", "somebody who plays proxy"],
)
async def test_where_a_request_comes_from_is_believed_from_trusted_proxies_only(
    proxies: list[str], peer: str, forwarded: str, client: str
) -> None:
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        seen.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = config_of(app, "127.0.0.1", 0, [ip_network(each) for each in proxies])
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as asking:
        await asking.get("/", headers={"X-Forwarded-For": forwarded})
    assert seen == [client]


async def test_a_process_drains_before_it_ends(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str, tmp_path: Path
) -> None:
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 2)
    port, process = free_port(), Child("notifications", tmp_path)
    environment = os.environ | {
        "NAHBAR_KAFKA": stack.bootstrap,
        "NAHBAR_TOPIC_PREFIX": topic_prefix,
        "NAHBAR_DRAIN_SECONDS": "2",
        "NOTIFICATIONS_DATABASE": await database("notifications"),
    }
    process.spawn([sys.executable, "-m", "deploy.cli", "serve", "notifications", "--port", str(port)], environment)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/notifications") as client:

        async def answers(status: int) -> bool:
            with suppress(httpx.HTTPError):
                return (await client.get("/health/ready")).status_code == status
            return False

        try:
            await eventually(lambda: answers(200), timeout=40, every=0.1)
            assert process.process
            process.process.send_signal(signal.SIGTERM)
            await eventually(lambda: answers(503), timeout=2)
            ready = await client.get("/health/ready")
            assert "draining" in ready.json()["missing"]
            assert (await client.get("/api/openapi.json")).status_code == 200
            code = await asyncio.to_thread(process.process.wait, 20)
            assert code in (0, -signal.SIGTERM)
        finally:
            process.kill()
