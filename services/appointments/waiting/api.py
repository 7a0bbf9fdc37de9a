"""The waiting list as JSON."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.booking.bodies import AppointmentOut, PersonIn, appointment_out
from services.appointments.line.domain import EVERY_WEEKDAY
from services.appointments.line.facts import OFFER, WAITING, waiting_url
from services.appointments.line.queries import (
    Entry,
    SeatOffer,
    count_ahead,
    load_entry,
    load_open_offer,
    load_seat_offer,
)
from services.appointments.offer.api import Key
from services.appointments.offer.domain import MOST_KEYS
from services.appointments.waiting import usecases
from shared.act import Act
from shared.days import Day
from shared.http import CurrentAct, api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import NotFound
from shared.tools import Tools

router = api_router("/appointments/api/v1", "waiting list")

Weekday = Annotated[int, Field(ge=0, le=6)]


class WaitIn(BaseModel):
    """What to wait for: all the services in one appointment, on days that suit.

    A key stands in `services` as often as it is wanted; without `stations` any counter will do; 0 is Monday.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "services": ["kinder-reisepass", "kinder-reisepass"],
                    "stations": ["mitte", "sued"],
                    "weekdays": [0, 2],
                    "first_day": "2026-12-01",
                    "last_day": "2026-12-18",
                    "person": {"name": "Anna Muster", "mail": "anna@example.org", "channels": ["mail"]},
                }
            ]
        },
    )

    services: Annotated[list[Key], Field(min_length=1, max_length=MOST_KEYS)]
    stations: Annotated[list[Key], Field(max_length=50)] = []
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] = list(EVERY_WEEKDAY)
    first_day: Day
    last_day: Day
    person: PersonIn

    def wait(self) -> usecases.WaitFor:
        return usecases.WaitFor(
            tuple(self.services), tuple(self.stations), tuple(self.weekdays), self.first_day, self.last_day
        )


class TakingIn(BaseModel):
    """What the person agrees to: by video the version of the text of consent is needed."""

    model_config = ConfigDict(extra="forbid")

    consent: Annotated[str | None, Field(max_length=20)] = None


class SeatOfferOut(BaseModel):
    """A time kept for one who waits; the token takes or declines it `until` then."""

    token: str
    station: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    until: AwareDatetime
    outcome: Literal["taken", "declined", "expired", "withdrawn"] | None


class WaitingOut(BaseModel):
    """An entry in the waiting list; its token lets read and end it.

    `position` counts from 1 among those who could be offered the same; null once the entry has left the list.
    """

    token: str
    status: Literal["waiting", "offered", "booked", "left", "over"]
    position: int | None
    services: list[str]
    stations: list[str]
    weekdays: list[int]
    first_day: date
    last_day: date
    offer: SeatOfferOut | None
    waiting_url: str


@router.post("/waiting", status_code=201, responses=problems(409, 422, 429))
async def join(act: CurrentAct, wait: WaitIn, response: Response, key: IdempotencyKey = None) -> WaitingOut:
    """Join the waiting list. Sent again with the same Idempotency-Key it answers with the first entry.

    Where something that suits is free already, it answers 409 with the first such times (`free`). Somebody with as
    many appointments and places on the list as one person may have, or waiting for the same already, is refused (429).
    """
    details, id = wait.person.details(), uuid4()
    if key and (first := await claim_key(act.conn, "wait", key, digest(wait.model_dump_json()), str(id))):
        return await _out(act, await _known(act.conn, UUID(first)))
    out = await _out(act, await usecases.join(act, id, wait.wait(), details))
    response.headers["Location"] = f"/appointments/api/v1/waiting/{out.token}"
    return out


@router.get("/waiting/{token}", responses=problems(404))
async def waiting(act: CurrentAct, token: str) -> WaitingOut:
    """An entry, with what it is offered now."""
    return await _out(act, await entry_by_token(act, token))


@router.post("/waiting/{token}/leaving", responses=problems(404, 410))
async def leave(act: CurrentAct, token: str) -> WaitingOut:
    """Leave the waiting list; what was offered passes on. Sent again it changes nothing."""
    entry = await entry_by_token(act, token)
    return await _out(act, await usecases.leave(act, entry.id))


@router.get("/offers/{token}", responses=problems(404))
async def offer(act: CurrentAct, token: str) -> SeatOfferOut:
    """An offered time, and what became of it."""
    return _offer_out(act.tools, await offer_by_token(act, token), act.now)


@router.post("/offers/{token}/taking", responses=problems(404, 410, 422))
async def take(act: CurrentAct, token: str, taking: TakingIn | None = None) -> AppointmentOut:
    """Take an offered time: it is a binding appointment then. Sent again it answers with the same appointment."""
    found = await offer_by_token(act, token)
    consent = taking.consent if taking else None
    return appointment_out(act.tools, await usecases.take(act, found.id, consent))


@router.post("/offers/{token}/declining", responses=problems(404, 410))
async def decline(act: CurrentAct, token: str) -> WaitingOut:
    """Decline an offered time: it passes on, the entry keeps its turn. Sent again it changes nothing."""
    found = await offer_by_token(act, token)
    return await _out(act, await usecases.decline(act, found.id))


async def entry_by_token(act: Act, token: str) -> Entry:
    """The entry a secret token gives access to; raises NotFound for a revoked or made-up one."""
    id, generation = act.tools.links.read(WAITING, token)
    entry = await _known(act.conn, id)
    if entry.generation != generation:
        raise NotFound
    return entry


async def offer_by_token(act: Act, token: str) -> SeatOffer:
    """The offer a secret token answers; raises NotFound for a made-up one."""
    found = await load_seat_offer(act.conn, act.tools.links.read(OFFER, token)[0])
    if found is None:
        raise NotFound
    return found


async def _known(conn: AsyncConnection, id: UUID) -> Entry:
    if (entry := await load_entry(conn, id)) is None:
        raise NotFound
    return entry


async def _out(act: Act, entry: Entry) -> WaitingOut:
    offered = await load_open_offer(act.conn, entry.id)
    return WaitingOut(
        token=act.tools.links.token(WAITING, entry.id, entry.generation),
        status=entry.status.value,
        position=await count_ahead(act.conn, entry) + 1 if entry.status.is_open else None,
        services=list(entry.services),
        stations=list(entry.suits.stations),
        weekdays=list(entry.suits.weekdays),
        first_day=entry.suits.first_day,
        last_day=entry.suits.last_day,
        offer=_offer_out(act.tools, offered, act.now) if offered else None,
        waiting_url=waiting_url(act.tools, entry.id, entry.generation, entry.state),
    )


def _offer_out(tools: Tools, found: SeatOffer, now: datetime) -> SeatOfferOut:
    outcome = found.outcome.value if found.outcome else None if found.is_open(now) else "expired"
    return SeatOfferOut(
        token=tools.links.token(OFFER, found.id, 1),
        station=found.station,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        until=found.until,
        outcome=outcome,
    )
