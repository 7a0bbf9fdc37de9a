"""The web side of the far ends: SMS gateways (`/sms`, `/second-sms`), identity issuer (`/issuer`), rooms (`/video`)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI

from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.courier import Courier
from deploy.local.far_ends.issuer import create_issuer
from deploy.local.far_ends.mail import create_refusals
from deploy.local.far_ends.records import Channel
from deploy.local.far_ends.sms import create_gateway
from deploy.local.far_ends.store import Store
from deploy.local.far_ends.video import create_rooms
from deploy.local.far_ends.webhook import Webhook

DEVELOPMENT_SECRET = "nahbar-development"  # noqa: S105 - public on purpose
"""API key, webhook key and client secret where no other is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the gateways, the issuer and the rooms need.

    `webhook` takes receipts and replies, signed with `webhook_key`, `second_webhook` those of the second gateway, which
    there is none without. `issuer` is the issuer's address as clients see it, `browser_issuer` as browsers see it where
    that differs; `video_host` is the name the rooms' tokens are made for; `clock_file` moves the rooms' clock with that
    of the services.
    """

    folder: Path
    webhook: str
    issuer: str
    second_webhook: str = ""
    browser_issuer: str = ""
    video_host: str = "127.0.0.1"
    clock_file: Path | None = None
    audience: str = "nahbar"
    api_key: str = DEVELOPMENT_SECRET
    webhook_key: str = DEVELOPMENT_SECRET
    client_secret: str = DEVELOPMENT_SECRET
    delays: Delays = field(default_factory=Delays)


def create_web(settings: WebSettings) -> FastAPI:
    """The application; while it runs, receipts go out."""
    store = Store(settings.folder)
    client = httpx.AsyncClient(timeout=5)
    gateways = {"/sms": (Channel.SMS, settings.webhook)}
    if settings.second_webhook:
        gateways["/second-sms"] = (Channel.SECOND_SMS, settings.second_webhook)
    couriers = {
        channel: Courier(store, channel, Webhook(client, url, settings.webhook_key).deliver)
        for channel, url in gateways.values()
    }

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client, AsyncExitStack() as stack:
            for courier in couriers.values():
                await stack.enter_async_context(courier.running())
            yield
        store.close()

    app = FastAPI(title="Far ends", lifespan=lifespan)
    for prefix, (channel, _) in gateways.items():
        gateway = create_gateway(store, couriers[channel], settings.api_key, settings.delays, channel)
        app.include_router(gateway, prefix=prefix)
    app.include_router(create_refusals(settings.folder), prefix="/mail")
    issuer = create_issuer(
        settings.folder, settings.issuer, settings.audience, settings.client_secret, settings.browser_issuer
    )
    app.include_router(issuer, prefix="/issuer")
    app.include_router(create_rooms(settings.video_host, settings.clock_file), prefix="/video")
    return app
