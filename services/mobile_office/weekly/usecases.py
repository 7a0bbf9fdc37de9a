"""Changing the weekly plan. Weeks that are planned already stay as they are."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet, cannot_follow
from services.mobile_office.fleet.queries import load_fleet, lock_vehicles
from services.mobile_office.weekly.domain import MOST_WEEKS, WeeklyStop
from services.mobile_office.weekly.queries import load_weekly_plan
from shared.act import Act
from shared.clock import BERLIN
from shared.problems import Problem
from shared.recurrence import WEEK, monday_of
from shared.statements import Query, Statement

SAVED = "weekly-stop-changed"
REMOVED = "weekly-stop-removed"
"""What the audit log calls these deeds."""

_SAVE = Statement("""
    insert into weekly_stops (id, vehicle, place, weekday, arrives, departs, every_weeks, valid_from, valid_until,
                              version)
    values (:id, :vehicle, :place, :weekday, :arrives, :departs, :every_weeks, :valid_from, :valid_until, :version)
    on conflict (id) do update
    set vehicle = excluded.vehicle, place = excluded.place, weekday = excluded.weekday, arrives = excluded.arrives,
        departs = excluded.departs, every_weeks = excluded.every_weeks, valid_from = excluded.valid_from,
        valid_until = excluded.valid_until, version = excluded.version
""")
_REMOVE = Query(str, "delete from weekly_stops where id = :id returning place")


class WeeklyStopUnfit(Problem):
    status = 422
    slug = "weekly-stop-unfit"
    title = "There is no such vehicle or place, or the stop ends before it begins"


class WeeklyStopChanged(Problem):
    """Somebody else changed the stop of the weekly plan since it was looked at; `current` is theirs."""

    status = 409
    slug = "weekly-stop-changed"
    title = "Somebody else has changed this stop of the weekly plan; look at theirs and change it again"

    def __init__(self, current: WeeklyStop | None) -> None:
        super().__init__()
        self.current = current


class WeeklyStopClashes(Problem):
    """In some week the vehicle would be at another stop of the plan, or on its way; `first` is the first such day."""

    status = 409
    slug = "weekly-stop-clashes"
    title = "The vehicle is at another stop of the weekly plan then, or on its way"

    def __init__(self, place: str, day: date) -> None:
        super().__init__(extra={"place": place, "first": day.isoformat()})
        self.place = place
        self.day = day


async def save_weekly_stop(act: Act, wanted: WeeklyStop) -> WeeklyStop:
    """Add a stop to the weekly plan, or change one; sent again it changes nothing.

    Args:
        wanted: as it is to be; its version is the one that was looked at, 0 for a new one.

    Raises:
        WeeklyStopUnfit
        WeeklyStopChanged: it has another version by now.
        WeeklyStopClashes: the vehicle cannot be there in time in some week of the next year.
    """
    fleet = await load_fleet(act.conn, act.tools.city)
    if not _fits(wanted, fleet):
        raise WeeklyStopUnfit
    await lock_vehicles(act.conn)
    plan = await load_weekly_plan(act.conn)
    known = next((each for each in plan if each.id == wanted.id), None)
    if known and replace(known, version=wanted.version) == wanted:
        return known
    if wanted.version != (known.version if known else 0):
        raise WeeklyStopChanged(known)
    _check_clashes(wanted, [each for each in plan if each.id != wanted.id], fleet, act.now)
    saved = replace(wanted, version=wanted.version + 1)
    await _SAVE.run(act.conn, asdict(saved))
    await act.note(SAVED, matter=wanted.id, place=wanted.place)
    return saved


async def remove_weekly_stop(act: Act, id: UUID) -> None:
    """Take a stop out of the weekly plan; one that is not there stays away."""
    if (place := await _REMOVE.first(act.conn, {"id": id})) is not None:
        await act.note(REMOVED, matter=id, place=place)


def _fits(wanted: WeeklyStop, fleet: Fleet) -> bool:
    return (
        wanted.vehicle in fleet.vehicles
        and wanted.place in fleet.places
        and wanted.arrives < wanted.departs
        and wanted.valid_from <= (wanted.valid_until or wanted.valid_from)
    )


def _check_clashes(wanted: WeeklyStop, others: Sequence[WeeklyStop], fleet: Fleet, now: datetime) -> None:
    """Two stops of a plan meet, if they do, within the longest rhythm."""
    first = monday_of(max(wanted.valid_from, now.astimezone(BERLIN).date()))
    nearby = [each for each in others if each.vehicle == wanted.vehicle and each.weekday == wanted.weekday]
    for weeks in range(MOST_WEEKS):
        monday = first + weeks * WEEK
        if mine := wanted.plan_in(monday, 1):
            theirs = [plan for each in nearby if (plan := each.plan_in(monday, 1))]
            if other := cannot_follow(mine, theirs, fleet):
                raise WeeklyStopClashes(fleet.places[other.place].name, mine.arrives_at.astimezone(BERLIN).date())
