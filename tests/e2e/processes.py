"""Two processes of a service on one database, for tests of what happens at the same moment."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from deploy.local.processes import free_port
from shared.tools import Tools
from tests.support.browsing import PLAIN
from tests.support.forked import Forked
from tests.support.wait import eventually


@asynccontextmanager
async def two_processes(
    tools: Tools, issuer: str, folder: Path, environment: Mapping[str, str]
) -> AsyncIterator[tuple[str, str]]:
    """The addresses of two processes that share a service's database, once both are ready.

    Args:
        issuer: the identity provider of staff.
        folder: for their logs.
        environment: settings of theirs besides those of the service.
    """
    given = {
        **os.environ,
        "NAHBAR_OIDC_ISSUER": issuer,
        "NAHBAR_KAFKA": tools.settings.platform.kafka,
        "NAHBAR_TOPIC_PREFIX": tools.settings.platform.topic_prefix,
        "NAHBAR_CLOCK_FILE": str(tools.settings.platform.clock_file),
        f"{tools.name.upper()}_DATABASE": tools.settings.database,
        **environment,
    }
    processes, ports = [Forked(f"{tools.name}-{n}", folder) for n in range(2)], [free_port(), free_port()]
    one, other = (f"http://127.0.0.1:{port}" for port in ports)

    async def ready() -> bool:
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=5, verify=PLAIN) as client:
                states = [await client.get(f"{each}/{tools.name}/health/ready") for each in (one, other)]
                return all(state.status_code == 200 for state in states)
        return False

    try:
        for process, port in zip(processes, ports, strict=True):
            command = [sys.executable, "-m", "deploy.cli", "serve", tools.name, "--port", str(port)]
            await asyncio.to_thread(process.spawn, command, given)
        await eventually(ready, timeout=40, every=0.2)
        yield one, other
    finally:
        for process in processes:
            process.kill()
