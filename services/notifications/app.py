"""The application: the only place that wires the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.notifications.barriers.pages import router as barrier_pages
from services.notifications.consumers import REACTIONS
from services.notifications.delivery.api import router as ledger_router
from services.notifications.delivery.domain import LOOK_UP, RECEIPT_TIMEOUT, SEND
from services.notifications.delivery.spared import FORGET_SPARED, forget_spared
from services.notifications.desk.area import STAFF_AREA
from services.notifications.desk.pages import router as desk_pages
from services.notifications.news.digest import DIGEST, GATHERING, write_digests
from services.notifications.news.usecases import FAN_OUT, fan_out
from services.notifications.reports.api import router as receipts_router
from services.notifications.reports.gateways import ReportHandler, listening
from services.notifications.reports.usecases import RECEIPT_AGAIN, look_again
from services.notifications.sending.carrier import Carrier
from services.notifications.sending.envelopes import Verp
from services.notifications.sending.gateways.mail import MailGateway
from services.notifications.sending.gateways.sms import SmsGateways
from services.notifications.sending.usecases import LookingUp, Sending, give_up_receipt
from services.notifications.settings import Settings
from services.notifications.staff import LEAD
from services.notifications.subscribing.api import router as subscriptions_router
from services.notifications.subscribing.pages.preferences import router as preferences_pages
from services.notifications.subscribing.pages.subscribe import router as subscribe_pages
from services.notifications.subscribing.usecases import FORGET_REQUEST, forget_request
from services.notifications.telling.usecases import FORGET_CONTACT, FORGET_MATTER, forget_contact, forget_matter
from services.notifications.writing.mail import MailWriter
from services.notifications.writing.texts import Texts
from shared.housekeeping import Housekeeping
from shared.origins import Origins
from shared.runtime import ALL_ROLES, Parts, Role, application
from shared.takings import forget_takings
from shared.tools import Tools
from shared.web.i18n import LanguagePrefix
from shared.web.pages import Pages
from shared.web.staff.audit import audit_pages
from shared.web.staff.pages import staff_pages


def create_app(settings: Settings, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
    """Wire the service; a process with the HTTP role also listens for bounces."""
    tools = Tools(settings)
    mail = MailGateway(settings)
    sms = SmsGateways(settings.sms_gateways, settings.send_timeout)
    texts = Texts(tools.city, settings.platform.public_url)
    writer = MailWriter(texts, settings.mail_from, settings.reply_to)
    pages = Pages(Path(__file__).parent / "web", tools.city)
    verp = Verp(settings.link_secret, settings.bounce_domain)
    carrier = Carrier(tools, mail, sms, texts, writer, verp)
    reports = ReportHandler(tools, verp)

    @asynccontextmanager
    async def resources() -> AsyncIterator[None]:
        try:
            if Role.HTTP in roles:
                async with listening(reports, settings):
                    yield
            else:
                yield
        finally:
            await mail.close()
            await sms.close()

    parts = Parts(
        routers=[
            ledger_router,
            receipts_router,
            subscriptions_router,
            subscribe_pages,
            preferences_pages,
            barrier_pages,
            staff_pages(tools.name),
            audit_pages(tools.name, LEAD),
            desk_pages,
        ],
        reactions=REACTIONS,
        due={
            SEND: Sending(carrier, settings.patience, sms.names),
            LOOK_UP: LookingUp(sms),
            RECEIPT_TIMEOUT: give_up_receipt,
            RECEIPT_AGAIN: look_again,
            FORGET_CONTACT: forget_contact,
            FORGET_MATTER: forget_matter,
            FORGET_SPARED: forget_spared,
            FORGET_REQUEST: forget_request,
            FAN_OUT: fan_out,
            DIGEST: write_digests,
            GATHERING: write_digests,
        },
        housekeeping=Housekeeping(tidy=forget_takings),
        resources=resources,
        error_page=pages.error_page,
        origins=Origins(settings.people_secret, settings.unlimited_networks, settings.address_limit),
    )
    app = application(tools, roles, parts)
    app.state.pages = pages
    app.state.texts = texts
    app.state.staff_area = STAFF_AREA
    app.add_middleware(LanguagePrefix)
    return app
