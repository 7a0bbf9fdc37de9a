"""The pages on which somebody who lost their links asks for them."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from services.appointments.booking.pages.details import what_to_do
from services.appointments.booking.pages.draft import OneTimeKey
from services.appointments.links.usecases import LINKS, PER_ADDRESS, ask_for_links, check_address
from shared.idempotency import claim_key
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, message_language
from shared.web.visit import CurrentVisit, Visit

router = APIRouter(prefix=f"/appointments/{LINKS}", include_in_schema=False)


class AddressForm(BaseModel):
    """Where the links are to go, as typed, and the language of the message."""

    address: Annotated[str, Field(max_length=1000)] = ""
    language: str = ""


class PostedAddress(AddressForm):
    """The form as it was sent."""

    einmal: OneTimeKey


@router.get("")
async def show(visit: CurrentVisit) -> Response:
    """The form."""
    return _form(visit, AddressForm(language=message_language(visit.language.code).code), FormErrors())


@router.post("")
async def ask(visit: CurrentVisit, form: Annotated[PostedAddress, Form()]) -> Response:
    """Let the links be sent. The answer is the same for every address; sent twice they are asked for once."""
    address = check_address(form.address)
    if isinstance(address, str):
        return _form(visit, form, FormErrors(address=what_to_do(visit)[address]))
    if await claim_key(visit.act.conn, "links", form.einmal, "", address.channel) is None:
        language = message_language(form.language).code
        await ask_for_links(visit.act, address, language)
    return visit.redirect(f"/appointments/{LINKS}/sent?by={address.channel}")


@router.get("/sent")
async def sent(visit: CurrentVisit, by: str = "") -> Response:
    """What happens now, the same for every address."""
    return visit.render("links_sent.html", by=by, most=PER_ADDRESS)


def _form(visit: Visit, form: AddressForm, errors: FormErrors) -> Response:
    return visit.render(
        "links.html",
        status=422 if errors else 200,
        secret=True,
        form=form,
        errors=errors,
        languages=[(each.code, own_name(each)) for each in MESSAGE_LANGUAGES],
    )
