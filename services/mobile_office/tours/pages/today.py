"""The tour of a day, for the crew: what stops there are, how late the vehicle is, which do not take place."""

from datetime import date, timedelta
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import Field

from services.mobile_office.fleet.names import load_names
from services.mobile_office.pages import STAFF, UUID_PATTERN, Text
from services.mobile_office.staff import Clerk
from services.mobile_office.tours import changes
from services.mobile_office.tours.announced import AnnouncedStop, as_announced
from services.mobile_office.tours.changes import MOST_MINUTES, Delay, check_to_come, load_delay
from services.mobile_office.tours.pages.typed_reason import TypedReason, read_reason
from services.mobile_office.tours.queries import find_stop, load_announced, load_booked
from services.mobile_office.tours.reasons import WORDS
from services.mobile_office.tours.refusals import NotAnnounced, StopChanged, StopOver
from services.mobile_office.tours.usecases import midnight
from shared.clock import BERLIN
from shared.problems import NotFound
from shared.recurrence import WEEK
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit
from shared.web.typed import read_number

PAGE = f"{STAFF}/today"
AHEAD = 26 * WEEK
"""How far ahead the tour can be leafed through."""

router = APIRouter(prefix=STAFF, include_in_schema=False)


class TypedDelay(TypedReason):
    """How many minutes late, as typed, and why."""

    template: ClassVar[str] = "staff/delay.html"

    minutes: Text = ""


class TypedCancellation(TypedReason):
    """Why a stop does not take place."""

    template: ClassVar[str] = "staff/cancel.html"


class ConfirmedDelays(TypedDelay):
    """The stops that are late, each as "id version minutes"."""

    late: Annotated[
        list[Annotated[str, Field(pattern=rf"^{UUID_PATTERN} [0-9]{{1,9}} [0-9]{{1,3}}$")]], Field(max_length=50)
    ]

    def delays(self) -> dict[UUID, Delay]:
        """What was ticked."""
        found = (each.split() for each in self.late)
        return {UUID(id): Delay(int(version), int(minutes)) for id, version, minutes in found}


@router.get("/today")
async def show(visit: Clerk, day: Text = "", done: Text = "") -> Response:
    """The announced stops of a day, today's unless another is asked for."""
    shown = _day(day, visit.act.today)
    known = as_announced(await load_announced(visit.act.conn, midnight(shown), midnight(shown + timedelta(days=1))))
    next_stop = None if known else await _next_after(visit, shown)
    _fleet, names = await load_names(visit)
    return visit.render(
        "staff/today.html",
        next_stop=next_stop,
        next_day=next_stop and next_stop.arrives_at.astimezone(BERLIN).date(),
        day=shown,
        today=visit.act.today,
        before=shown - timedelta(days=1) if shown > visit.act.today else None,
        after=shown + timedelta(days=1) if shown < visit.act.today + AHEAD else None,
        stops=known,
        people=await load_booked(visit.act.conn, [stop.id for stop in known]),
        now=visit.act.now,
        done=done,
        reasons=WORDS,
        **names,
    )


@router.get("/stops/{id}/delay")
async def ask_delay(visit: Clerk, id: UUID) -> Response:
    """The form for a delay."""
    return await _form_page(visit, id, TypedDelay(), FormErrors())


@router.get("/stops/{id}/delay/preview")
async def show_delay(visit: Clerk, id: UUID, typed: Annotated[TypedDelay, Query()]) -> Response:
    """Which stops the vehicle reaches late, and how many people that concerns."""
    return await _delay_preview(visit, id, typed)


@router.post("/stops/{id}/delay/preview")
async def delay(visit: Clerk, id: UUID, typed: Annotated[ConfirmedDelays, Form()]) -> Response:
    """Announce it. Sent again, over a bad line, it announces nothing more."""
    errors, minutes = FormErrors(), _minutes(typed.minutes)
    reason = read_reason(visit, typed, errors) if minutes else None
    if errors or minutes is None:
        return await _delay_preview(visit, id, typed)
    try:
        async with visit.act.attempt():
            await changes.delay(visit.act, typed.delays(), reason)
    except StopChanged:
        return await _delay_preview(visit, id, typed, changed=True)
    except (StopOver, NotAnnounced):
        return await _over(visit, id)
    return await _to_day(visit, id, "delayed")


@router.get("/stops/{id}/cancel")
async def ask_cancel(visit: Clerk, id: UUID) -> Response:
    """The question whether a stop is to be called off, and why."""
    return await _form_page(visit, id, TypedCancellation(), FormErrors())


@router.post("/stops/{id}/cancel")
async def cancel(visit: Clerk, id: UUID, typed: Annotated[TypedCancellation, Form()]) -> Response:
    """Call a stop off. Sent again, over a bad line, it is called off once."""
    errors = FormErrors()
    reason = read_reason(visit, typed, errors)
    if errors or reason is None:
        return await _form_page(visit, id, typed, errors)
    try:
        async with visit.act.attempt():
            await changes.cancel(visit.act, id, reason)
    except (StopOver, NotAnnounced):
        return await _over(visit, id)
    return await _to_day(visit, id, "cancelled")


async def _delay_preview(visit: StaffVisit, id: UUID, typed: TypedDelay, changed: bool = False) -> Response:
    errors, minutes = FormErrors(), _minutes(typed.minutes)
    if minutes is None:
        errors["minutes"] = visit.gettext("Geben Sie an, wie viele Minuten später, höchstens %(most)s.") % {
            "most": MOST_MINUTES
        }
    if minutes != 0:
        read_reason(visit, typed, errors)
    if errors or minutes is None:
        return await _form_page(visit, id, typed, errors)
    try:
        late = await load_delay(visit.act, id, minutes)
    except (StopOver, NotAnnounced):
        return await _over(visit, id)
    shown = {stop.id: stop for stop in as_announced(each.stop for each in late)}
    return visit.render(
        "staff/delay_preview.html",
        status=409 if changed else 200,
        changed=changed,
        typed=typed,
        minutes=minutes,
        late=[(shown[each.stop.id], each.minutes, each.people) for each in late],
        expected=shown[id].state.arrives_at + timedelta(minutes=minutes),
        people=sum(each.people for each in late),
        id=id,
    )


async def _form_page(
    visit: StaffVisit, id: UUID, typed: TypedDelay | TypedCancellation, errors: FormErrors
) -> Response:
    try:
        stop = check_to_come(await find_stop(visit.act.conn, id), visit.act.now)
    except (StopOver, NotAnnounced):
        return await _over(visit, id)
    _fleet, names = await load_names(visit)
    return visit.render(
        typed.template,
        status=422 if errors else 200,
        stop=as_announced([stop])[0],
        people=(await load_booked(visit.act.conn, [id])).get(id, 0),
        typed=typed,
        errors=errors,
        reasons=WORDS,
        **names,
    )


async def _over(visit: StaffVisit, id: UUID) -> Response:
    """What to say of a stop that nothing can be announced of any more."""
    return visit.render("staff/stop_over.html", status=409, id=id)


async def _to_day(visit: StaffVisit, id: UUID, done: str) -> Response:
    found = await find_stop(visit.act.conn, id)
    if found is None or found.announced is None:
        raise NotFound
    return visit.redirect(f"{PAGE}?day={found.announced.arrives_at.astimezone(BERLIN).date()}&done={done}")


async def _next_after(visit: StaffVisit, day: date) -> AnnouncedStop | None:
    """The next stop that takes place after a day."""
    later = as_announced(await load_announced(visit.act.conn, midnight(day + timedelta(days=1)), visit.act.now + AHEAD))
    return next((stop for stop in later if stop.takes_place), None)


def _minutes(typed: str) -> int | None:
    """The minutes that were typed, if they are some a stop can be late."""
    try:
        return read_number(typed, 0, MOST_MINUTES)
    except ValueError:
        return None


def _day(typed: str, today: date) -> date:
    try:
        asked = date.fromisoformat(typed)
    except ValueError:
        return today
    return min(max(asked, today), today + AHEAD)
