"""The queue as JSON for staff: issue tickets, call, serve, figures. All need the role `appointments:staff`."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Path, Query

from services.appointments.booking.bodies import MESSAGES
from services.appointments.booking.numbering import AppointmentNumber
from services.appointments.offer.api import Key
from services.appointments.persons.domain import check_mobile
from services.appointments.queue import counter as counters
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
from services.appointments.queue.figures import load_figures
from services.appointments.queue.queries import (
    load_away,
    load_counter,
    load_line,
    load_situation,
    load_ticket,
    station_of_counter,
)
from services.appointments.queue.usecases import TicketWish
from services.appointments.staff import StaffAct
from shared.days import Day
from shared.events.tickets import TicketOutcome
from shared.http import api_router, problems
from shared.idempotency import IdempotencyKey, claim_key, digest
from shared.problems import FieldError, InvalidInput

router = api_router("/appointments/api/v1/staff", "staff", 401, 403)

MOST_DAYS = 92

StationKey = Annotated[Key, Path(description="A station's key.")]
CounterKey = Annotated[Key, Path(description="A counter's key.")]


@router.post("/stations/{station}/tickets", status_code=201, responses=problems(409, 422))
async def issue_ticket(
    station: StationKey, new: NewTicketIn, act: StaffAct, key: IdempotencyKey = None
) -> StaffTicketOut:
    """Give somebody at the desk the next number of the day. Sent again with its key it answers with the first one."""
    act.staff.must_serve(station)
    phone, wrong = check_mobile(new.phone) if new.phone.strip() else (None, None)
    if wrong:
        raise InvalidInput(errors=[FieldError(field="phone", message=MESSAGES[wrong])])
    id, body = uuid4(), digest(f"{station} {new.model_dump_json()}")
    if key and (first := await claim_key(act.conn, "ticket", key, body, str(id))):
        return StaffTicketOut.of(await load_ticket(act.conn, UUID(first)))
    wish = TicketWish(station, tuple(new.services), new.language, new.interpreter, phone)
    return StaffTicketOut.of(await counters.issue(act, id, wish))


@router.post("/appointments/{number}/arrival", responses=problems(404, 409))
async def arrive(number: AppointmentNumber, act: StaffAct) -> StaffTicketOut:
    """Let somebody who has arrived for an appointment of today wait, under its number. Again it changes nothing."""
    return StaffTicketOut.of(await counters.arrive(act, number))


@router.get("/stations/{station}/queue")
async def queue(station: StationKey, act: StaffAct) -> QueueOut:
    """The people waiting at a station, in the order in which they are called, and those away for a while."""
    act.staff.must_serve(station)
    line, away = await load_line(act, station), await load_away(act, station)
    situation = await load_situation(act, station)
    wait = situation.estimate
    return QueueOut(
        line=list(map(StaffTicketOut.of, line)),
        away=list(map(StaffTicketOut.of, away)),
        open_counters=situation.counters,
        wait=WaitOut(shortest=wait.shortest, longest=wait.longest) if wait else None,
    )


@router.get("/counters/{counter}", responses=problems(404))
async def counter(counter: CounterKey, act: StaffAct) -> CounterOut:
    """A counter, and who is there or has just been called to it."""
    act.staff.must_serve(await station_of_counter(act.conn, counter))
    return CounterOut.of(await load_counter(act, counter))


@router.post("/counters/{counter}/call", responses=problems(404, 409))
async def call(counter: CounterKey, whom: CallIn, act: StaffAct) -> StaffTicketOut | None:
    """Call whoever's turn it is, or a certain ticket; null when nobody waits.

    409 says why not: `counter-busy`, somebody is at this counter; `ticket-elsewhere`, another one was faster.
    """
    called = await counters.call(act, counter, whom.ticket)
    return StaffTicketOut.of(called) if called else None


@router.post("/counters/{counter}/call-again", responses=problems(404, 409))
async def call_again(counter: CounterKey, about: AtCounterIn, act: StaffAct) -> StaffTicketOut:
    """Call somebody who has not come yet once more."""
    return StaffTicketOut.of(await counters.call_again(act, counter, about.ticket))


@router.post("/counters/{counter}/begin", responses=problems(404, 409))
async def begin(counter: CounterKey, about: AtCounterIn, act: StaffAct) -> StaffTicketOut:
    """The person called has come to the counter."""
    return StaffTicketOut.of(await counters.begin(act, counter, about.ticket))


@router.post("/counters/{counter}/finish", responses=problems(404, 409))
async def finish(counter: CounterKey, about: AtCounterIn, act: StaffAct) -> StaffTicketOut:
    """Somebody has been served."""
    return StaffTicketOut.of(await counters.close(act, counter, about.ticket, TicketOutcome.SERVED))


@router.post("/counters/{counter}/miss", responses=problems(404, 409))
async def miss(counter: CounterKey, about: AtCounterIn, act: StaffAct) -> StaffTicketOut:
    """Somebody did not come although they were called; their appointment, if they have one, is missed too.

    Before it begins nobody can miss it: until then they wait, and stand in front of all others from its start on.
    """
    return StaffTicketOut.of(await counters.close(act, counter, about.ticket, TicketOutcome.MISSED))


@router.post("/counters/{counter}/park", responses=problems(404, 409))
async def park(counter: CounterKey, about: ParkIn, act: StaffAct) -> StaffTicketOut:
    """Let somebody wait for some minutes; then they stand in front of all others."""
    return StaffTicketOut.of(await counters.park(act, counter, about.ticket, about.minutes))


@router.post("/counters/{counter}/papers", responses=problems(404, 409))
async def ask_for_papers(counter: CounterKey, about: AtCounterIn, act: StaffAct) -> StaffTicketOut:
    """Let somebody fetch the papers that are missing."""
    return StaffTicketOut.of(await counters.ask_for_papers(act, counter, about.ticket))


@router.post("/counters/{counter}/hand-over", responses=problems(404, 409, 422))
async def hand_over(counter: CounterKey, about: HandOverIn, act: StaffAct) -> StaffTicketOut:
    """Let another counter go on with somebody, or with another service."""
    return StaffTicketOut.of(await counters.hand_over(act, counter, about.ticket, about.counter, about.services))


@router.put("/counters/{counter}/pause", responses=problems(404))
async def pause(counter: CounterKey, wanted: PauseIn, act: StaffAct) -> CounterOut:
    """Pause a counter or open it again; paused ones do not count when waits are estimated."""
    return CounterOut.of(await counters.pause(act, counter, wanted.paused))


@router.post("/tickets/{ticket}/back", responses=problems(404, 409))
async def bring_back(ticket: UUID, act: StaffAct) -> StaffTicketOut:
    """Somebody is back, with papers or sooner than expected, and stands in front of all others."""
    return StaffTicketOut.of(await counters.bring_back(act, ticket))


@router.get("/stations/{station}/figures", responses=problems(422))
async def figures(
    station: StationKey,
    act: StaffAct,
    first_day: Annotated[Day | None, Query(description="Today where left out.")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 1,
) -> list[DayFiguresOut]:
    """How many came to a station each day, and how long they waited, walked and were served."""
    act.staff.must_serve(station)
    first = first_day or act.today
    last = date.fromordinal(min(first.toordinal() + days - 1, date.max.toordinal()))
    return [
        DayFiguresOut.model_validate({name: _seconds(value) for name, value in asdict(each).items()})
        for each in await load_figures(act.conn, station, first, last)
    ]


def _seconds(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value
