"""The services on real Kafka and PostgreSQL, between a simulated mail server and SMS gateway."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
import uvicorn

from deploy.local.far_ends.web import WebSettings, create_web
from deploy.local.laptop import REPLY_NUMBER
from deploy.local.processes import free_port
from deploy.serve import KEEP_ALIVE, OnePort
from deploy.services import settings_class
from shared.events.registry import all_topics
from shared.kafka import create_topics
from shared.settings import SERVICES, Platform
from tests.deploy.far_ends import web_server
from tests.e2e.kit import QUICK, City, mail_server
from tests.support.days import run_clock
from tests.support.limits import NO_LIMITS
from tests.support.stack import Backend
from tests.support.wait import eventually


@pytest_asyncio.fixture
async def city(
    stack: Backend, database: Callable[[str], Awaitable[str]], topic_prefix: str, tmp_path: Path
) -> AsyncIterator[City]:
    """A city with its services running, at noon of a working day."""
    await create_topics(stack.bootstrap, all_topics(topic_prefix, SERVICES), 3)
    port, smtp, gateway, bounces = free_port(), free_port(), free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    platform = Platform(
        kafka=stack.bootstrap,
        postgres=stack.url,
        topic_prefix=topic_prefix,
        public_url=address,
        clock_file=run_clock(tmp_path),
        oidc_issuer=f"http://127.0.0.1:{gateway}/issuer",
    )
    sms_url = f"http://127.0.0.1:{gateway}/sms"
    own: dict[str, dict[str, Any]] = {
        "appointments": {"video_url": f"http://127.0.0.1:{gateway}/video", **NO_LIMITS},
        "notifications": {
            "smtp_port": smtp,
            "sms_url": sms_url,
            "sms_reply_number": REPLY_NUMBER,
            "bounce_port": bounces,
            "send_timeout": 1,
            "retry_first": timedelta(seconds=0.2),
            "away_longest": timedelta(seconds=1),
        },
    }
    city = City(
        tmp_path,
        platform,
        sms_url,
        *[
            settings_class(each)(platform=platform, database=await database(each), **own.get(each, {}))
            for each in SERVICES
        ],
    )
    noon = city.day(1) + timedelta(hours=12)
    city.move_to(noon)
    web = WebSettings(
        folder=tmp_path,
        webhook=f"{address}/notifications/api/v1/receipts/sms",
        issuer=platform.oidc_issuer,
        clock_file=platform.clock_file,
        delays=QUICK,
    )
    listener = socket.create_server(("127.0.0.1", gateway))
    front = socket.create_server(("127.0.0.1", port))
    with web_server(create_web(web), listener):
        async with mail_server(tmp_path, smtp, bounces):
            for name in SERVICES:
                await city.start(name)
            server = uvicorn.Server(
                uvicorn.Config(
                    OnePort(city.apps, otherwise=city.apps["appointments"]),
                    lifespan="off",
                    log_config=None,
                    timeout_keep_alive=KEEP_ALIVE,
                    timeout_graceful_shutdown=1,
                )
            )
            serving = asyncio.create_task(server.serve([front]))
            await eventually(lambda: server.started)
            yield city
            server.should_exit = True
            await serving
            await city.stop_all()
