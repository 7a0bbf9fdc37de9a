"""The queue as JSON for staff: issue tickets, call, serve, figures. All need the role `appointments:staff`."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Path, Query

from services.appointments.booking.api import MESSAGES
from services.appointments.booking.domain import check_mobile
from services.appointments.booking.queries import load_by_number
from services.appointments.offer.api import Key
from services.appointments.queue import calling, serving
from services.appointments.queue.api import WaitOut
from services.appointments.queue.bodies import (
    AtCounterIn,
    CallIn,
    CounterOut,
    DayFiguresOut,
    HandOverIn,
    NewTicketIn,
    ParkIn,
    PauseIn,
    QueueOut,
    StaffTicketOut,
)
from services.appointments.queue.queries import (
    load_away,
    load_counter,
    load_figures,
    load_line,
    load_situation,
    load_ticket,
)
from services.appointments.queue.usecases import TicketWish, check_in, issue
from shared.auth import Caller, require_role
from shared.clock import BERLIN
from shared.db import Connection
from shared.events.tickets import TicketOutcome
from shared.http import CurrentService, Now, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput, NotFound

Staff = Annotated[Caller, Depends(require_role("appointments:staff"))]

router = APIRouter(prefix="/appointments/api/v1/staff", tags=["staff"], responses=problems(401, 403))

MOST_DAYS = 92


Station = Annotated[Key, Path(description="A station's key.")]
CounterKey = Annotated[Key, Path(description="A counter's key.")]


@router.post("/stations/{station}/tickets", status_code=201, responses=problems(409, 422))
async def issue_ticket(
    station: Station,
    new: NewTicketIn,
    conn: Connection,
    service: CurrentService,
    now: Now,
    _: Staff,
    key: IdempotencyKey = None,
) -> StaffTicketOut:
    """Give somebody at the desk the next number of the day. Sent again with its key it answers with the first one."""
    phone, wrong = check_mobile(new.phone) if new.phone.strip() else (None, None)
    if wrong:
        raise InvalidInput(errors=[FieldError(field="phone", message=MESSAGES[wrong])])
    id, body = uuid4(), digest(f"{station} {new.model_dump_json()}")
    if key and (first := await claim_key(conn, "ticket", key, body, str(id))):
        return StaffTicketOut.of(await load_ticket(conn, UUID(first)))
    wish = TicketWish(station, tuple(new.services), new.language, new.interpreter, phone)
    return StaffTicketOut.of(await issue(conn, service, id, wish, now))


@router.post("/appointments/{number}/arrival", responses=problems(404, 409))
async def arrive(
    number: Annotated[str, Path(pattern=r"^\d{4}-?\d{4}$")],
    conn: Connection,
    service: CurrentService,
    now: Now,
    _: Staff,
) -> StaffTicketOut:
    """Let somebody who has arrived for an appointment of today wait, under its number. Again it changes nothing."""
    found = await load_by_number(conn, number)
    if found is None:
        raise NotFound
    return StaffTicketOut.of(await check_in(conn, service, found, now))


@router.get("/stations/{station}/queue")
async def queue(station: Station, conn: Connection, now: Now, _: Staff) -> QueueOut:
    """Who waits at a station, in the order in which they are called, and who is away for a while."""
    line, away = await load_line(conn, station, now), await load_away(conn, station, now)
    situation = await load_situation(conn, station, now)
    wait = situation.estimate
    return QueueOut(
        line=list(map(StaffTicketOut.of, line)),
        away=list(map(StaffTicketOut.of, away)),
        open_counters=situation.counters,
        wait=WaitOut(shortest=wait.shortest, longest=wait.longest) if wait else None,
    )


@router.get("/counters/{counter}", responses=problems(404))
async def counter(counter: CounterKey, conn: Connection, now: Now, _: Staff) -> CounterOut:
    """A counter, and who is there or has just been called to it."""
    return CounterOut.of(await load_counter(conn, counter, now))


@router.post("/counters/{counter}/call", responses=problems(404, 409))
async def call(
    counter: CounterKey, whom: CallIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut | None:
    """Call whoever's turn it is, or a certain ticket; null when nobody waits.

    409 says why not: `counter-busy`, somebody is at this counter; `ticket-elsewhere`, another one was faster.
    """
    if whom.ticket:
        return StaffTicketOut.of(await calling.call_this(conn, service, counter, whom.ticket, now))
    called = await calling.call_next(conn, service, counter, now)
    return StaffTicketOut.of(called) if called else None


@router.post("/counters/{counter}/call-again", responses=problems(404, 409))
async def call_again(
    counter: CounterKey, about: AtCounterIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut:
    """Call somebody who has not come yet once more."""
    return StaffTicketOut.of(await calling.call_again(conn, service, counter, about.ticket, now))


@router.post("/counters/{counter}/begin", responses=problems(404, 409))
async def begin(counter: CounterKey, about: AtCounterIn, conn: Connection, now: Now, _: Staff) -> StaffTicketOut:
    """Whoever was called has come to the counter."""
    return StaffTicketOut.of(await serving.begin(conn, counter, about.ticket, now))


@router.post("/counters/{counter}/finish", responses=problems(404, 409))
async def finish(
    counter: CounterKey, about: AtCounterIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut:
    """Somebody has been served."""
    closed = await serving.close(conn, service, counter, about.ticket, TicketOutcome.SERVED, now)
    return StaffTicketOut.of(closed)


@router.post("/counters/{counter}/miss", responses=problems(404, 409))
async def miss(
    counter: CounterKey, about: AtCounterIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut:
    """Somebody did not come although they were called."""
    closed = await serving.close(conn, service, counter, about.ticket, TicketOutcome.MISSED, now)
    return StaffTicketOut.of(closed)


@router.post("/counters/{counter}/park", responses=problems(404, 409))
async def park(
    counter: CounterKey, about: ParkIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut:
    """Let somebody wait for some minutes; then they stand in front of all others."""
    back_in = timedelta(minutes=about.minutes)
    return StaffTicketOut.of(await serving.park(conn, service, counter, about.ticket, back_in, now))


@router.post("/counters/{counter}/papers", responses=problems(404, 409))
async def ask_for_papers(
    counter: CounterKey, about: AtCounterIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut:
    """Let somebody fetch the papers that are missing."""
    return StaffTicketOut.of(await serving.ask_for_papers(conn, service, counter, about.ticket, now))


@router.post("/counters/{counter}/hand-over", responses=problems(404, 409, 422))
async def hand_over(
    counter: CounterKey, about: HandOverIn, conn: Connection, service: CurrentService, now: Now, _: Staff
) -> StaffTicketOut:
    """Let another counter go on with somebody, or with another service."""
    handed = await serving.hand_over(conn, service, counter, about.ticket, now, about.counter, about.services)
    return StaffTicketOut.of(handed)


@router.put("/counters/{counter}/pause", responses=problems(404))
async def pause(counter: CounterKey, wanted: PauseIn, conn: Connection, now: Now, _: Staff) -> CounterOut:
    """Pause a counter or open it again; paused ones do not count when waits are estimated."""
    await serving.staff_counter(conn, counter, wanted.paused, now)
    return CounterOut.of(await load_counter(conn, counter, now))


@router.post("/tickets/{ticket}/back", responses=problems(404, 409))
async def bring_back(ticket: UUID, conn: Connection, now: Now, _: Staff) -> StaffTicketOut:
    """Somebody is back, with papers or sooner than expected, and stands in front of all others."""
    return StaffTicketOut.of(await serving.bring_back(conn, ticket, now))


@router.get("/stations/{station}/figures", responses=problems(422))
async def figures(
    station: Station,
    conn: Connection,
    now: Now,
    _: Staff,
    first_day: Annotated[date | None, Query(description="Today where left out.")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 1,
) -> list[DayFiguresOut]:
    """How many came to a station each day, and how long they waited, walked and were served."""
    first = first_day or now.astimezone(BERLIN).date()
    last = date.fromordinal(min(first.toordinal() + days - 1, date.max.toordinal()))
    return [
        DayFiguresOut.model_validate({name: _seconds(value) for name, value in row.items()})
        for row in await load_figures(conn, station, first, last)
    ]


def _seconds(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value
