"""The page of a subscription, reached by its secret link; and how it ends."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from services.notifications.purposes import NEWS_PURPOSES
from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import Wrong, subscription_number
from services.notifications.subscribing.facts import PREFERENCES, UNSUBSCRIBE
from services.notifications.subscribing.limits import note_asking
from services.notifications.subscribing.pages.forms import (
    AddressForm,
    PostedAddress,
    PostedWishes,
    WishesForm,
    choices,
    errors_of,
)
from services.notifications.subscribing.queries import Subscription, load_sent, load_subscription
from services.notifications.subscribing.refusals import SubscriptionOver
from shared.idempotency import claim_key
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix="/notifications", include_in_schema=False)


class Arrival(BaseModel):
    """What led to the page of a subscription: it was just confirmed (`new`), or its wishes were changed."""

    new: bool = False
    saved: bool = False


@router.get("/m/{token}")
async def show(visit: CurrentVisit, token: str, arrival: Annotated[Arrival, Query()]) -> Response:
    """What is subscribed to, and the last news; right after confirming or changing it says so."""
    found = await _by_token(visit, token)
    if found is None:
        return _over(visit)
    return await _page(visit, found, WishesForm.of(found.wishes), arrival=arrival)


@router.post("/m/{token}")
async def change(visit: CurrentVisit, token: str, form: Annotated[PostedWishes, Form()]) -> Response:
    """Change the wishes; the same sent twice is the same."""
    found = await _by_token(visit, token)
    if found is None:
        return _over(visit)
    if wrong := form.wrong(visit.act.tools.city):
        return await _page(visit, found, form, errors_of(visit, wrong))
    await usecases.change(visit.act, found.id, form.wishes())
    return visit.redirect(f"/notifications/m/{token}?saved=1")


@router.get("/m/{token}/address")
async def show_address(visit: CurrentVisit, token: str) -> Response:
    """Where to name another address."""
    found = await _by_token(visit, token)
    if found is None:
        return _over(visit)
    form = AddressForm(channel=found.channel)
    return visit.render("address.html", secret=True, token=token, form=form, errors=FormErrors())


@router.post("/m/{token}/address")
async def move(visit: CurrentVisit, token: str, form: Annotated[PostedAddress, Form()]) -> Response:
    """Ask for a confirmation by a message to the new address; until then everything stays as it is."""
    found = await _by_token(visit, token)
    if found is None:
        return _over(visit)
    address = form.checked()
    if isinstance(address, Wrong):
        errors = errors_of(visit, [address])
        return visit.render("address.html", status=422, secret=True, token=token, form=form, errors=errors)
    if await claim_key(visit.act.conn, "move subscription", form.einmal, "", address.channel) is None:
        await note_asking(visit.act)
        await usecases.ask(visit.act, address, found.wishes, moves=found.id)
    return visit.redirect(f"/notifications/sent?what=confirm-{address.channel}")


@router.get("/unsubscribe/{token}")
async def ask_to_end(visit: CurrentVisit, token: str) -> Response:
    """One button; somebody with nothing to end any more is told that nothing comes."""
    found = await _by_token(visit, token, UNSUBSCRIBE)
    if found is None:
        return visit.render("unsubscribed.html", secret=True)
    return visit.render("unsubscribe.html", secret=True, token=token)


@router.post("/unsubscribe/{token}")
async def end(visit: CurrentVisit, token: str, button: str = "") -> Response:
    """End the subscription, at once and as often as asked.

    The address carries the right to it, so whatever a mail program sends along is not read (RFC 8058); it gets no page.
    `button` is what our own page says.
    """
    found = await _by_token(visit, token, UNSUBSCRIBE)
    if found is not None:
        await usecases.end(visit.act, found.id)
    return visit.redirect(f"/notifications/unsubscribe/{token}") if button else Response(status_code=200)


async def _page(
    visit: Visit,
    found: Subscription,
    form: WishesForm,
    errors: FormErrors | None = None,
    arrival: Arrival | None = None,
) -> Response:
    token, unsubscribe = (
        visit.act.tools.links.token(kind, found.id, found.generation) for kind in (PREFERENCES, UNSUBSCRIBE)
    )
    return visit.render(
        "preferences.html",
        status=422 if errors else 200,
        secret=True,
        token=token,
        subscription=found,
        form=form,
        errors=errors or FormErrors(),
        **(arrival or Arrival()).model_dump(),
        number=subscription_number(found.id),
        sent=await load_sent(visit.act.conn, found.address, list(NEWS_PURPOSES)),
        unsubscribe=f"/notifications/unsubscribe/{unsubscribe}",
        **choices(visit),
    )


def _over(visit: Visit) -> Response:
    return visit.render("subscription_over.html", status=SubscriptionOver.status, secret=True)


async def _by_token(visit: Visit, token: str, kind: str = PREFERENCES) -> Subscription | None:
    """The subscription of a token; None when it has ended, or its address has moved since.

    Raises:
        LinkInvalid: no token of ours.
    """
    id, generation = visit.act.tools.links.read(kind, token)
    found = await load_subscription(visit.act.conn, id)
    return found if found and found.generation == generation else None
