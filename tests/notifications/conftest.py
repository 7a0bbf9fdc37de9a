"""The service on a database of its own, between the simulated mail server and SMS gateway, with a clock to move."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.far_ends.web import DEVELOPMENT_SECRET
from deploy.local.laptop import REPLY_NUMBER
from deploy.local.processes import free_port
from deploy.services import create
from services.notifications.settings import Settings
from shared.runtime import Role
from shared.settings import Platform
from shared.tools import Tools
from tests.notifications.facts import MONDAY_NOON
from tests.notifications.kit import Post
from tests.notifications.reader import Reader
from tests.support.browsing import Browsing


@pytest.fixture
async def post(
    stack: Any, topic_prefix: str, database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Post]:
    """The service's surroundings, on a Monday at noon; far ends are started by the tests that need them."""
    clock_file, sms_port = tmp_path / "clock", free_port()
    settings = Settings(
        platform=Platform(
            kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix, partitions=4, clock_file=clock_file
        ),
        database=await database("notifications"),
        smtp_port=free_port(),
        sms_url=f"http://127.0.0.1:{sms_port}/sms",
        sms_webhook_url=f"http://127.0.0.1:{free_port()}/notifications/api/v1/receipts/sms",
        bounce_port=free_port(),
        send_timeout=1,
        retry_first=timedelta(seconds=0.2),
        retry_longest=timedelta(seconds=0.5),
        away_longest=timedelta(seconds=0.5),
        retry_limit=5,
    )
    made = Post(settings, tmp_path / "far_ends", clock_file, sms_port)
    made.move_clock(MONDAY_NOON)
    yield made
    await made.close()


@pytest.fixture
async def tools(post: Post) -> AsyncIterator[Tools]:
    """What use cases are given, beside the service at work."""
    found = Tools(post.settings)
    yield found
    await found.db.close()


@pytest.fixture
def two_gateways(post: Post) -> Post:
    """The service's surroundings with a second SMS gateway."""
    secret = SecretStr(DEVELOPMENT_SECRET)
    post.settings = post.settings.model_copy(
        update={
            "second_sms_url": post.settings.sms_url.replace("/sms", "/second-sms"),
            "second_sms_key": secret,
            "second_sms_webhook_key": secret,
            "second_sms_webhook_url": f"{post.settings.sms_webhook_url}/second",
        }
    )
    return post


@pytest.fixture
async def open_post(post: Post) -> AsyncIterator[Post]:
    """The same with far ends and the service running, without Kafka."""
    async with post.running(), post.mail_server(), post.gateway():
        yield post


@pytest.fixture
async def reader(post: Post) -> AsyncIterator[Reader]:
    app = create(post.settings.model_copy(update={"bounce_port": None}), frozenset({Role.HTTP}))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        Browsing(transport=transport, base_url="http://test") as client,
    ):
        yield Reader(client, app, post)


@pytest.fixture
async def asking(post: Post) -> AsyncIterator[Post]:
    """The service at work, with a gateway that takes replies."""
    post.settings = post.settings.model_copy(update={"sms_reply_number": REPLY_NUMBER})
    async with post.running(), post.mail_server(), post.gateway():
        yield post
