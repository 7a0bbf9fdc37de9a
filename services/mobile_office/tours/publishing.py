"""Publishing a week as a whole: what is new, what changes, what does not take place, after a preview of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.queries import load_fleet, lock_vehicles
from services.mobile_office.locks import Lock
from services.mobile_office.tours import facts
from services.mobile_office.tours.domain import (
    Change,
    PlannedWeek,
    Stop,
    Visits,
    Warning,
    cancelled,
    fingerprint,
    state_of,
    warnings,
)
from services.mobile_office.tours.queries import load_booked, load_last_visits, load_stops, load_week
from services.mobile_office.tours.reasons import Reason
from services.mobile_office.tours.refusals import ReasonMissing, WeekPreviewOutdated
from services.mobile_office.tours.usecases import midnight
from services.mobile_office.weekly.domain import holidays_in
from services.mobile_office.weekly.queries import load_weekly_plan
from shared.act import Act
from shared.events.mobile_office import StopFact
from shared.locks import note_lock
from shared.problems import NotFound
from shared.recurrence import WEEK
from shared.statements import Statement

PUBLISHED = "week-published"
"""What the audit log calls this deed."""

_LOCK_WEEK = Statement("select from weeks where monday = :monday for update")
_PUBLISHED = Statement("update weeks set version = version + 1, published_at = :now where monday = :monday")
_ANNOUNCE = Statement("""
    update stops set version = :version, status = :status, announced = cast(:announced as jsonb) where id = :id
""")


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing a week would announce; `version` is the same as long as the plan and who is booked are.

    `changes` are the stops something is announced of; `booked` says how many people have an appointment at each of
    those that change or do not take place.
    """

    monday: date
    version: str
    stops: tuple[Stop, ...]
    changes: tuple[tuple[Stop, Change], ...]
    booked: dict[UUID, int]
    warnings: tuple[Warning, ...]

    @property
    def counts(self) -> Counter[Change]:
        """How many stops are new, changed and dropped."""
        return Counter(change for _, change in self.changes)

    @property
    def needs_reason(self) -> bool:
        """Whether stops change that people know of."""
        return any(change is not Change.NEW for _, change in self.changes)

    @property
    def people(self) -> int:
        """How many people have an appointment at a stop that changes."""
        return sum(self.booked.values())


async def load_preview(act: Act, monday: date, for_update: bool = False) -> Preview:
    """What publishing a week would announce now, and what to look at before.

    Raises:
        NotFound: the week is not planned.
    """
    week = await load_week(act.conn, monday)
    if week is None:
        raise NotFound
    fleet = await load_fleet(act.conn, act.tools.city)
    stops = await load_stops(act.conn, monday, for_update)
    changes = [(stop, change) for stop in stops if (change := stop.change_at(act.now))]
    booked = await load_booked(act.conn, [stop.id for stop, change in changes if change is not Change.NEW])
    left_out = holidays_in(monday, await load_weekly_plan(act.conn))
    last_visits = await load_last_visits(act.conn, midnight(monday + WEEK))
    quarters = {each.number: [known.number for known in each.quarters] for each in act.tools.city.districts}
    found = warnings(PlannedWeek(monday, stops, left_out), Visits(quarters, last_visits), fleet, act.now)
    version = fingerprint(week.version, changes, booked)
    return Preview(monday, version, tuple(stops), tuple(changes), booked, tuple(found))


async def publish(act: Act, monday: date, preview: str, reason: Reason | None = None) -> Preview:
    """Announce a week as it is planned; again, with nothing new, nothing happens.

    Args:
        preview: the version of the preview that was looked at.
        reason: why announced stops change.

    Returns:
        What was announced.

    Raises:
        NotFound: the week is not planned.
        WeekPreviewOutdated: the plan, or who is booked, is another than was looked at.
        ReasonMissing: announced stops change, and nobody says why.
    """
    note_lock(act.conn, Lock.WEEK)
    await _LOCK_WEEK.run(act.conn, {"monday": monday})
    await lock_vehicles(act.conn)
    shown = await load_preview(act, monday, for_update=True)
    if not shown.changes:
        return shown
    if shown.version != preview:
        raise WeekPreviewOutdated
    if reason is None and shown.needs_reason:
        raise ReasonMissing
    fleet = await load_fleet(act.conn, act.tools.city)
    await announce(act, [_fact(stop, change, fleet, reason) for stop, change in shown.changes])
    await _PUBLISHED.run(act.conn, {"monday": monday, "now": act.now})
    counts = {change.value: count for change, count in shown.counts.items()}
    await act.note(PUBLISHED, week=monday.isoformat(), stops=counts)
    return shown


async def announce(act: Act, told: Sequence[StopFact]) -> None:
    """Save stops as facts say they are now, and record the facts.

    Each begins a chain of its own: somebody told personally of one stop may still want to hear of the others.
    """
    rows = [
        {"id": each.id, "version": each.version, "status": each.stop.status, "announced": each.stop.model_dump_json()}
        for each in told
    ]
    await _ANNOUNCE.run_each(act.conn, rows)
    await act.record_all(list(told))


def _fact(stop: Stop, change: Change, fleet: Fleet, reason: Reason | None) -> StopFact:
    state = state_of(stop.plan, fleet)
    if change is Change.NEW:
        return facts.scheduled(stop, state)
    assert reason is not None, "people know of the stop"
    if change is Change.CHANGED:
        return facts.rescheduled(stop, state, reason)
    assert stop.announced is not None, "what is dropped was announced"
    return facts.cancelled(stop, cancelled(stop.announced, reason))
