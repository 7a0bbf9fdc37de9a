"""A simulated SMS gateway; its interface follows seven.io's: send, journal, webhooks for receipts and replies."""

import json
from asyncio import gather, sleep
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from math import ceil
from typing import Annotated, Any, Literal

import smsutil
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, ValidationError
from starlette.types import Receive, Scope, Send

from deploy.local.far_ends.behaviours import Behaviour, Conduct, Delays, conduct_of_number
from deploy.local.far_ends.courier import RESCUE, Courier
from deploy.local.far_ends.records import Accepted, Channel, NewReport, ReportKind
from deploy.local.far_ends.store import Store


class ShortMessage(BaseModel):
    """An SMS to send; `foreign_id` is the sender's own id, `ttl` how many minutes the network may try."""

    to: str
    text: str = Field(min_length=1, max_length=1520)
    sender: str = Field(default="", alias="from", max_length=16)
    foreign_id: str | None = Field(default=None, max_length=64)
    ttl: int | None = Field(default=None, ge=1, le=2880)
    label: str | None = Field(default=None, max_length=100)


class Reply(BaseModel):
    """An SMS a citizen writes."""

    sender: str = Field(alias="from", min_length=3)
    text: str = Field(min_length=1, max_length=1520)


class Outage(BaseModel):
    """How the gateway answers whoever wants to send: 200 as usual, 429 too busy, 503 not at all."""

    status: Literal[200, 429, 503]


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text travels: the number of parts, and "gsm" or "ucs2" (3GPP TS 23.038)."""

    parts: int
    encoding: str

    @classmethod
    def of(cls, text: str) -> "Segments":
        """Count the parts of a text."""
        split = smsutil.split(text)
        return cls(len(split.parts), "gsm" if split.encoding == "gsm0338" else "ucs2")


class Refused(Exception):
    """The gateway does not take a message: the HTTP status and the gateway's own code say why."""

    def __init__(self, status: int, code: str, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        headers = {} if retry_after is None else {"Retry-After": str(ceil(retry_after))}
        self.answer = JSONResponse({"success": code, "error": reason}, status, headers)


class BrokenAnswer(Response):
    """An answer whose connection breaks after the headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise a body and send none; the server then closes the connection."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})


class _Route(APIRoute):
    """Turns refusals into the gateway's kind of answer."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except Refused as refused:
                return refused.answer
            return response

        return handle_or_refuse


def create_gateway(
    store: Store, courier: Courier, api_key: str, delays: Delays, channel: Channel = Channel.SMS
) -> APIRouter:
    """The gateway's routes: `/api/sms`, `/api/journal/outbound`.

    Under `/simulator/` are `reply` for what citizens write, and `outage`.

    Args:
        channel: which of the two gateways it is.
    """
    outage = Outage(status=200)

    def check_key(x_api_key: Annotated[str, Header()] = "") -> None:
        if not compare_digest(x_api_key.encode(), api_key.encode()):
            raise Refused(401, "900", "Wrong API key.")

    router = APIRouter(route_class=_Route)
    keyed = APIRouter(prefix="/api", route_class=_Route, dependencies=[Depends(check_key)])

    @keyed.post("/sms")
    async def send(request: Request) -> Response:
        if outage.status != 200:
            raise Refused(outage.status, "600", "The gateway has an outage.")
        sms = await _read(request)
        conduct = _conduct(sms.to)
        _refuse(store, channel, conduct, sms, delays)
        source = sms.model_dump_json(by_alias=True, exclude_none=True).encode()
        reports = {sms.to: _reports(conduct, delays)}
        [number] = store.accept(channel, sms.sender, sms.foreign_id, source, reports)
        if conduct.behaviour == Behaviour.LATE_RECEIPT:
            await gather(*map(courier.send, store.reports(number)))
        if conduct.behaviour == Behaviour.DROP:
            return BrokenAnswer()
        if conduct.behaviour == Behaviour.SLOW:
            await sleep(delays.slow)
        segments = Segments.of(sms.text)
        message = {"id": str(number), "recipient": sms.to, "parts": segments.parts, "encoding": segments.encoding}
        return JSONResponse({"success": "100", "messages": [message]})

    @keyed.get("/journal/outbound")
    def journal(foreign_id: str) -> list[dict[str, Any]]:
        return [_entry(store, message) for message in store.referring(channel, foreign_id)]

    @router.post("/simulator/reply", status_code=202)
    def reply(reply: Reply) -> None:
        store.add_report(channel, None, reply.sender, NewReport(ReportKind.REPLY, reply.text, 0))

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
        raise Refused(400, codes.get(field, "700"), f"{field}: {error.errors()[0]['msg']}") from error
    except json.JSONDecodeError as error:
        raise Refused(400, "700", "The body is not JSON.") from error


def _conduct(number: str) -> Conduct:
    try:
        conduct = conduct_of_number(number)
    except ValueError as error:
        raise Refused(400, "202", str(error)) from error
    if conduct.behaviour == Behaviour.LANDLINE:
        raise Refused(400, "202", "A landline cannot get SMS.")
    return conduct


def _refuse(store: Store, channel: Channel, conduct: Conduct, sms: ShortMessage, delays: Delays) -> None:
    if conduct.behaviour == Behaviour.FULL:
        raise Refused(503, "600", "The carrier does not take the message now.")
    if conduct.behaviour not in (Behaviour.FLAKY, Behaviour.THROTTLE):
        return
    times, since_first = store.count_try(channel, sms.to, sms.foreign_id or sms.text)
    if conduct.behaviour == Behaviour.FLAKY and times <= conduct.refusals:
        raise Refused(503, "600", "The carrier does not take the message now.")
    if conduct.behaviour == Behaviour.THROTTLE and since_first < delays.throttle:
        raise Refused(429, "403", "Too many messages.", retry_after=delays.throttle)


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


def _entry(store: Store, message: Accepted) -> dict[str, Any]:
    sms = json.loads(message.source)
    receipts = [
        report for report in store.reports(message.number) if report.kind == ReportKind.RECEIPT and report.sent_at
    ]
    return {
        "id": str(message.number),
        "to": message.recipient,
        "from": message.sender,
        "text": sms["text"],
        "foreign_id": message.reference,
        "label": sms.get("label"),
        "timestamp": message.accepted_at.isoformat(timespec="seconds"),
        "dlr": receipts[-1].detail if receipts else None,
    }
