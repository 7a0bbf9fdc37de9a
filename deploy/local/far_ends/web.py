"""The web side of the far ends: the SMS gateway under `/sms`, the identity issuer under `/issuer`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI

from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.courier import Courier
from deploy.local.far_ends.issuer import create_issuer
from deploy.local.far_ends.records import Channel
from deploy.local.far_ends.sms import create_gateway
from deploy.local.far_ends.store import Store
from deploy.local.far_ends.webhook import Webhook

DEVELOPMENT_SECRET = "nahbar-development"  # noqa: S105 - public on purpose
"""API key, webhook key and client secret where no other is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the gateway and the issuer need.

    `webhook` takes receipts and replies, signed with `webhook_key`; `issuer` is the issuer's address as clients see it,
    `browser_issuer` as browsers do, where that is another one.
    """

    folder: Path
    webhook: str
    issuer: str
    browser_issuer: str = ""
    audience: str = "nahbar"
    api_key: str = DEVELOPMENT_SECRET
    webhook_key: str = DEVELOPMENT_SECRET
    client_secret: str = DEVELOPMENT_SECRET
    delays: Delays = field(default_factory=Delays)


def create_web(settings: WebSettings) -> FastAPI:
    """The application; while it runs, receipts go out."""
    store = Store(settings.folder)
    client = httpx.AsyncClient(timeout=5)
    courier = Courier(store, Channel.SMS, Webhook(store, client, settings.webhook, settings.webhook_key).deliver)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client, courier.running():
            yield
        store.close()

    app = FastAPI(title="Far ends", lifespan=lifespan)
    app.include_router(create_gateway(store, courier, settings.api_key, settings.delays), prefix="/sms")
    issuer = create_issuer(
        settings.folder, settings.issuer, settings.audience, settings.client_secret, settings.browser_issuer
    )
    app.include_router(issuer, prefix="/issuer")
    return app
