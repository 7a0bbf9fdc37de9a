"""Subscribing: the form, the answer that is always the same, and the confirmation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import Topic, Wrong, can_be_confirmed, place_names
from services.notifications.subscribing.facts import CONFIRM, PREFERENCES
from services.notifications.subscribing.limits import note_asking
from services.notifications.subscribing.pages.forms import (
    AddressForm,
    PostedAddress,
    PostedSubscription,
    Press,
    SubscribeForm,
    Typed,
    choices,
    errors_of,
    topic_texts,
)
from services.notifications.subscribing.queries import Request, load_request
from shared.idempotency import claim_key
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import language_of, message_language
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/notifications", include_in_schema=False)


class Preselection(BaseModel):
    """What a link chooses beforehand: a Stadtbezirk by its number, a topic; what is unknown chooses nothing."""

    district: Typed = ""
    topic: Typed = ""


@router.get("/")
async def start(request: HttpRequest) -> RedirectResponse:
    """A shortened address of a page leads to the form."""
    return RedirectResponse(f"{language_of(request).prefix}/notifications/subscribe", 302)


@router.get("/subscribe")
async def show(visit: CurrentVisit, chosen: Annotated[Preselection, Query()]) -> Response:
    """The form. A link may choose a district and a topic beforehand."""
    known = [each.number for each in visit.act.tools.city.districts if str(each.number) == chosen.district]
    language = message_language(visit.language.code).code
    return _form(visit, SubscribeForm(language=language, districts=known, topics=[chosen.topic]), FormErrors())


@router.post("/subscribe")
async def subscribe(visit: CurrentVisit, form: Annotated[PostedSubscription, Form()]) -> Response:
    """Ask for a confirmation by a message to the address; sent twice it is asked for once."""
    wrong, address = form.wrong(visit.act.tools.city), form.checked()
    if isinstance(address, Wrong) or wrong:
        return _form(visit, form, errors_of(visit, [*wrong, *([address] if isinstance(address, Wrong) else [])]))
    if await claim_key(visit.act.conn, "subscribe", form.einmal, "", address.channel) is None:
        await note_asking(visit.act)
        await usecases.ask(visit.act, address, form.wishes())
    return visit.redirect(f"/notifications/sent?what=confirm-{address.channel}")


@router.get("/link")
async def show_link_form(visit: CurrentVisit) -> Response:
    """Where to ask for a new link to one's own page."""
    return visit.render("link.html", form=AddressForm(), errors=FormErrors())


@router.post("/link")
async def send_link(visit: CurrentVisit, form: Annotated[PostedAddress, Form()]) -> Response:
    """Send a link, if there is a subscription; the answer does not say."""
    address = form.checked()
    if isinstance(address, Wrong):
        return visit.render("link.html", status=422, form=form, errors=errors_of(visit, [address]))
    if await claim_key(visit.act.conn, "subscription link", form.einmal, "", address.channel) is None:
        await note_asking(visit.act)
        await usecases.ask_for_link(visit.act, address)
    return visit.redirect(f"/notifications/sent?what=link-{address.channel}")


@router.get("/sent")
async def sent(visit: CurrentVisit, what: str = "") -> Response:
    """What happens now; the same for every address."""
    return visit.render("sent.html", what=what)


@router.get("/confirm/{token}")
async def show_confirmation(visit: CurrentVisit, token: str) -> Response:
    """What is to be confirmed, and the button."""
    _, request = await _request(visit, token)
    if request is None:
        return visit.render("request_over.html", status=410, secret=True)
    return visit.render(
        "confirm.html",
        secret=True,
        token=token,
        asked=request,
        names=place_names(visit.act.tools.city, request.wishes),
        topics=[topic_texts(visit)[Topic(topic)][0] for topic in request.wishes.topics],
        message_language=own_name(message_language(request.wishes.language)),
    )


@router.post("/confirm/{token}")
async def confirm(visit: CurrentVisit, token: str, form: Annotated[Press, Form()]) -> Response:
    """Confirm; sent twice it leads to the same page."""
    id, request = await _request(visit, token)
    if request is None:
        return visit.render("request_over.html", status=410, secret=True)
    found = await usecases.confirm(visit.act, id)
    link = visit.act.tools.links.token(PREFERENCES, found.id, found.generation)
    return visit.redirect(f"/notifications/m/{link}?new=1")


async def _request(visit: Visit, token: str) -> tuple[UUID, Request | None]:
    """The request of a token, if it may still be confirmed."""
    id, _ = visit.act.tools.links.read(CONFIRM, token)
    request = await load_request(visit.act.conn, id)
    return id, request if request and can_be_confirmed(request.asked_at, visit.act.now) else None


def _form(visit: Visit, form: SubscribeForm, errors: FormErrors) -> Response:
    status = 422 if errors else 200
    return visit.render("subscribe.html", status=status, secret=True, form=form, errors=errors, **choices(visit))
