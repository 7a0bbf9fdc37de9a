"""A simulated SMS gateway with the interface seven.io documents (docs/far-ends.md): send, journal, webhooks."""

import json
from asyncio import gather, sleep
from collections.abc import Callable
from hmac import compare_digest
from math import ceil
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, ValidationError
from starlette.types import Receive, Scope, Send

from deploy.local.far_ends.behaviours import Behaviour, Conduct, Delays, conduct_of_number
from deploy.local.far_ends.courier import RESCUE, Courier
from deploy.local.far_ends.records import Channel, NewReport, ReportKind
from deploy.local.far_ends.sms_forms import ShortMessage, answer_to, e164, entry_of
from deploy.local.far_ends.store import Store


class Reply(BaseModel):
    """An SMS a citizen writes."""

    sender: str = Field(alias="from", min_length=3)
    text: str = Field(min_length=1, max_length=1520)


class Outage(BaseModel):
    """How the gateway answers whoever wants to send: 200 as usual, 429 too busy, 503 not at all."""

    status: Literal[200, 429, 503]


class Refused(Exception):
    """The gateway does not take a message: its own code says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Away(Exception):
    """The gateway cannot take messages at the moment: the HTTP status says so."""

    def __init__(self, status: int, retry_after: float | None = None) -> None:
        super().__init__(status)
        headers = {} if retry_after is None else {"Retry-After": str(ceil(retry_after))}
        self.answer = Response(status_code=status, headers=headers)


class BrokenAnswer(Response):
    """An answer whose connection breaks after the headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise a body and send none; the server then closes the connection."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})


class _Route(APIRoute):
    """Turns refusals into the gateway's kind of answer, which is HTTP 200 for whatever it understood."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except Away as away:
                return away.answer
            except Refused as refused:  # without a message there is only the code, as a bare number
                return JSONResponse(int(refused.code))
            return response

        return handle_or_refuse


def create_gateway(
    store: Store, courier: Courier, api_key: str, delays: Delays, channel: Channel = Channel.SMS
) -> APIRouter:
    """The gateway's routes: `/api/sms`, `/api/journal/outbound`.

    Under `/simulator/` are `reply` for what citizens write, `event` for anything else to be posted to the webhook, and
    `outage`.

    Args:
        channel: which of the two gateways it is.
    """
    outage = Outage(status=200)

    def check_key(x_api_key: Annotated[str, Header()] = "") -> None:
        if not compare_digest(x_api_key.encode(), api_key.encode()):
            raise Refused("900", "Wrong API key.")

    router = APIRouter(route_class=_Route)
    keyed = APIRouter(prefix="/api", route_class=_Route, dependencies=[Depends(check_key)])

    @keyed.post("/sms")
    async def send(request: Request) -> Response:
        if outage.status != 200:
            raise Away(outage.status)
        sms = await _read(request)
        try:
            conduct = _conduct(sms.to)
            _refuse(store, channel, conduct, sms, delays)
        except Refused as refused:
            return _answered(request, answer_to(sms, refused.code, reason=str(refused)))
        source = sms.model_dump_json(by_alias=True, exclude_none=True).encode()
        recipient = e164(sms.to)
        [number] = store.accept(channel, sms.sender, sms.foreign_id, source, {recipient: _reports(conduct, delays)})
        if conduct.behaviour == Behaviour.LATE_RECEIPT:
            await gather(*map(courier.send, store.reports(number)))
        if conduct.behaviour == Behaviour.DROP:
            return BrokenAnswer()
        if conduct.behaviour == Behaviour.SLOW:
            await sleep(delays.slow)
        return _answered(request, answer_to(sms, "100", id=str(number)))

    @keyed.get("/journal/outbound")
    def journal(
        id: int | None = None,
        to: str = "",
        state: str = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> list[dict[str, Any]]:
        """The newest messages first; the sender's own id is no filter, and other parameters are ignored."""
        found = store.journal(channel, e164(to) if to else "", limit, offset)
        entries = [entry_of(store, message) for message in found if id in (None, message.number)]
        return [entry for entry in entries if state in ("", entry["dlr"])]

    @router.post("/simulator/reply", status_code=202)
    def reply(reply: Reply) -> None:
        store.add_report(channel, None, reply.sender, NewReport(ReportKind.REPLY, reply.text, 0))

    @router.post("/simulator/event", status_code=202)
    async def event(request: Request) -> None:
        store.add_report(channel, None, "", NewReport(ReportKind.EVENT, (await request.body()).decode(), 0))

    @router.put("/simulator/outage", status_code=204)
    def set_outage(wanted: Outage) -> None:
        nonlocal outage
        outage = wanted

    router.include_router(keyed)
    return router


async def _read(request: Request) -> ShortMessage:
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return ShortMessage.model_validate(await request.json())
        return ShortMessage.model_validate(dict(await request.form()))
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][-1]) if error.errors()[0]["loc"] else "body"
        codes = {"to": "301", "text": "305", "from": "201"}
        raise Refused(codes.get(field, "700"), f"{field}: {error.errors()[0]['msg']}") from error
    except json.JSONDecodeError as error:
        raise Refused("700", "The body is not JSON.") from error


def _answered(request: Request, answer: dict[str, Any]) -> Response:
    """All of an answer to clients that accept JSON, else its code alone."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(answer)
    return Response(answer["success"], media_type="text/plain")


def _conduct(number: str) -> Conduct:
    try:
        conduct = conduct_of_number(e164(number))
    except ValueError as error:
        raise Refused("202", str(error)) from error
    if conduct.behaviour == Behaviour.LANDLINE:
        raise Refused("202", "A landline cannot get SMS.")
    return conduct


def _refuse(store: Store, channel: Channel, conduct: Conduct, sms: ShortMessage, delays: Delays) -> None:
    if conduct.behaviour == Behaviour.FULL:
        raise Refused("600", "The carrier does not take the message now.")
    if conduct.behaviour not in (Behaviour.FLAKY, Behaviour.THROTTLE):
        return
    times, since_first = store.count_try(channel, sms.to, sms.foreign_id or sms.text)
    if conduct.behaviour == Behaviour.FLAKY and times <= conduct.refusals:
        raise Away(503)
    if conduct.behaviour == Behaviour.THROTTLE and since_first < delays.throttle:
        raise Away(429, retry_after=delays.throttle)


def _reports(conduct: Conduct, delays: Delays) -> list[NewReport]:
    def receipt(status: str, after: float) -> NewReport:
        return NewReport(ReportKind.RECEIPT, status, after)

    def reply(text: str) -> NewReport:
        return NewReport(ReportKind.REPLY, text, delays.later)

    delivered = receipt("DELIVERED", delays.receipt)
    unusual = {
        Behaviour.PERM_FAIL: [receipt("FAILED", delays.receipt)],
        Behaviour.TEMP_FAIL: [receipt("EXPIRED", delays.receipt)],
        Behaviour.BOUNCE_LATER: [receipt("NOTDELIVERED", delays.later)],
        Behaviour.SLOW: [receipt("DELIVERED", delays.slow + delays.later)],
        Behaviour.DROP: [receipt("DELIVERED", delays.later)],
        Behaviour.NO_RECEIPT: [],
        Behaviour.DUP_RECEIPT: [delivered, delivered],
        Behaviour.LATE_RECEIPT: [receipt("DELIVERED", RESCUE)],
        Behaviour.COMPLAINT: [delivered, reply("Das ist Spam. Bitte nicht mehr schreiben.")],
        Behaviour.UNSUBSCRIBE: [delivered, reply("STOP")],
    }
    return unusual.get(conduct.behaviour, [delivered])
