"""Subscriptions as JSON, for other pages of the city and for machines."""

from typing import Annotated, Literal

from fastapi import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import Address, Topic, Wishes, Wrong, check_address, check_wishes
from services.notifications.subscribing.facts import CONFIRM, PREFERENCES
from services.notifications.subscribing.limits import note_asking
from services.notifications.subscribing.queries import Subscription, load_subscription
from services.notifications.subscribing.refusals import SubscriptionOver
from shared.addresses import PHONE_MESSAGES
from shared.city import City
from shared.http import CurrentAct, api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput
from shared.tools import Tools
from shared.web.i18n import MESSAGE_LANGUAGES

router = api_router("/notifications/api/v1", "subscriptions")

MessageLanguage = Annotated[str, StringConstraints(pattern=f"^({'|'.join(each.code for each in MESSAGE_LANGUAGES)})$")]
Numbers = Annotated[list[Annotated[int, Field(ge=1, le=100_000)]], Field(max_length=100)]

MESSAGES = {
    "mail_unusable": "Give a mail address, such as name@example.org.",
    **PHONE_MESSAGES,
    "districts_missing": "Name at least one district or quarter.",
    "districts_unknown": "Name districts and quarters that exist.",
    "topics_missing": "Name at least one topic.",
}


class WishesIn(BaseModel):
    """What somebody wants to hear; `digest`: once a day instead of at once."""

    model_config = ConfigDict(extra="forbid")

    districts: Numbers = []
    quarters: Numbers = []
    topics: Annotated[list[Topic], Field(max_length=20)]
    language: MessageLanguage = "de"
    digest: bool = False

    def wishes(self, city: City) -> Wishes:
        """The wishes, checked; raises InvalidInput naming the fields."""
        wishes = Wishes(tuple(self.districts), tuple(self.quarters), tuple(self.topics), self.language, self.digest)
        if wrong := check_wishes(wishes, city):
            raise InvalidInput(errors=[_field_error(each) for each in wrong])
        return wishes


class AddressIn(BaseModel):
    """Where to: a mail address, or a mobile number, which is read as German unless it starts with a country code."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    channel: Literal["mail", "sms"]
    mail: Annotated[str, Field(max_length=320)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""

    def address(self) -> Address:
        """The address, checked; raises InvalidInput naming the field."""
        checked = check_address(self.channel, self.mail, self.phone)
        if isinstance(checked, Wrong):
            raise InvalidInput(errors=[_field_error(checked)])
        return checked


class SubscriptionIn(WishesIn, AddressIn):
    """A wish to subscribe."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SubscriptionOut(BaseModel):
    """A confirmed subscription; its token lets read, change and end it."""

    token: str
    channel: Literal["mail", "sms"]
    districts: list[int]
    quarters: list[int]
    topics: list[Topic]
    language: str
    digest: bool
    confirmed_at: AwareDatetime


@router.post("/subscription-requests", status_code=202, responses=problems(422, 429))
async def ask(act: CurrentAct, wanted: SubscriptionIn, key: IdempotencyKey = None) -> Response:
    """Ask for a message to the address in which the subscription can be confirmed within 48 hours.

    The answer is the same for every address; 429 means that yours has asked for too many messages.
    """
    address, wishes = wanted.address(), wanted.wishes(act.tools.city)
    body = digest(wanted.model_dump_json())
    if key is None or await claim_key(act.conn, "subscription request", key, body, "") is None:
        await note_asking(act)
        await usecases.ask(act, address, wishes)
    return Response(status_code=202)


@router.post("/subscription-requests/{token}/confirmation", responses=problems(404, 410))
async def confirm(act: CurrentAct, token: str) -> SubscriptionOut:
    """Confirm, with the token from the message. Sent again it changes nothing."""
    id, _ = act.tools.links.read(CONFIRM, token)
    return _out(act.tools, await usecases.confirm(act, id))


@router.post("/subscription-links", status_code=202, responses=problems(422, 429))
async def ask_for_link(act: CurrentAct, wanted: AddressIn) -> Response:
    """Ask for a message with a new link. The answer is the same for every address."""
    address = wanted.address()
    await note_asking(act)
    await usecases.ask_for_link(act, address)
    return Response(status_code=202)


@router.get("/subscriptions/{token}", responses=problems(404, 410))
async def show(act: CurrentAct, token: str) -> SubscriptionOut:
    """A subscription, by its secret token."""
    return _out(act.tools, await _by_token(act, token))


@router.put("/subscriptions/{token}", responses=problems(404, 410, 422))
async def change(act: CurrentAct, token: str, wanted: WishesIn) -> SubscriptionOut:
    """Change what a subscription wishes for."""
    found, wishes = await _by_token(act, token), wanted.wishes(act.tools.city)
    return _out(act.tools, await usecases.change(act, found.id, wishes))


@router.delete("/subscriptions/{token}", status_code=204, responses=problems(404, 410))
async def end(act: CurrentAct, token: str) -> None:
    """End a subscription and forget its address."""
    found = await _by_token(act, token)
    await usecases.end(act, found.id)


async def _by_token(act: CurrentAct, token: str) -> Subscription:
    id, generation = act.tools.links.read(PREFERENCES, token)
    found = await load_subscription(act.conn, id)
    if found is None or found.generation != generation:
        raise SubscriptionOver
    return found


def _out(tools: Tools, found: Subscription) -> SubscriptionOut:
    wishes = found.wishes
    return SubscriptionOut(
        token=tools.links.token(PREFERENCES, found.id, found.generation),
        channel="mail" if found.channel == "mail" else "sms",
        districts=list(wishes.districts),
        quarters=list(wishes.quarters),
        topics=[Topic(topic) for topic in wishes.topics],
        language=wishes.language,
        digest=wishes.digest,
        confirmed_at=found.confirmed_at,
    )


def _field_error(wrong: Wrong) -> FieldError:
    return FieldError(field=wrong.field, message=MESSAGES[wrong.code])
