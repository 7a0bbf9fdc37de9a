"""Reads of the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from services.appointments.booking.domain import Status
from services.appointments.booking.queries import Appointment
from services.appointments.desk.finding import AHEAD, BACK
from shared.act import Act
from shared.auth import EVERY_STATION, EVERY_STOP, Caller
from shared.clock import BERLIN
from shared.people import Person
from shared.statements import Query
from shared.tools import Tools


@dataclass(frozen=True, slots=True)
class Expected:
    """An appointment in the list of a day; `person` is None once forgotten. `unreached`: staff should call them."""

    appointment: Appointment
    person: Person | None
    unreached: bool


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody no message reached, with whom to call.

    `number` and `status` are those of an appointment; somebody waiting for one has neither. `until` is how long what is
    offered to them is kept. `starts_at` and `station` are None where they wait and nothing is offered. `offers_video`:
    a time by video is offered to who waits, which they can only take themselves.
    """

    notice: UUID
    purpose: str
    at: datetime
    number: str | None
    status: Status | None
    starts_at: datetime | None
    station: str | None
    until: datetime | None
    offers_video: bool
    person: Person


@dataclass(frozen=True, slots=True)
class _Place:
    key: str
    name: str


_STATIONS = Query(
    _Place,
    """
    select key, name from stations where kind <> 'stop' and (:everywhere or key = any(:stations)) order by name
""",
)
_STOPS = Query(
    _Place,
    """
    select key, name from stations join stops on station = key
    where (:everywhere or :every_stop) and arrives_at >= :first and arrives_at < :last order by arrives_at, name
""",
)


async def load_stations(act: Act) -> dict[str, str]:
    """The stations somebody works for: names by key, in the order of the names."""
    return {each.key: each.name for each in await _STATIONS.all(act.conn, _of(act.staff))}


async def load_stops(act: Act, day: date) -> dict[str, str]:
    """The stops of a day somebody works for, cancelled ones too: names by key, in order of time."""
    return {each.key: each.name for each in await _STOPS.all(act.conn, {**_of(act.staff), **_bounds(day)})}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected(Appointment):
    box: bytes | None
    unreached: bool


_DAY = Query(
    _Expected,
    """
    select a.*, p.box, exists (
        select from unreached u where u.appointment = a.id and not u.reached and u.called_at is null
    ) as unreached
    from appointments a left join people p on p.matter = a.id
    where a.station = :station and a.starts_at >= :first and a.starts_at < :last and a.state is not null
    order by a.starts_at, a.counter
""",
)
_EXPECTED = Query(
    _Expected,
    """
    select a.*, p.box, exists (
        select from unreached u where u.appointment = a.id and not u.reached and u.called_at is null
    ) as unreached
    from appointments a left join people p on p.matter = a.id where a.id = any(:ids)
""",
)


async def load_day(act: Act, station: str, day: date) -> list[Expected]:
    """All appointments of a station on a day, in the order of time."""
    found = await _DAY.all(act.conn, {"station": station, **_bounds(day)})
    return [_opened(act.tools, each) for each in found]


async def load_expected(act: Act, ids: Sequence[UUID]) -> list[Expected]:
    """Appointments by their ids, in the order of these."""
    found = {each.id: _opened(act.tools, each) for each in await _EXPECTED.all(act.conn, {"ids": list(ids)})}
    return [found[id] for id in ids]


@dataclass(frozen=True, slots=True)
class _Box:
    id: UUID
    box: bytes


# Those to come in their order, then those of the days before, the latest first.
_BOXES = Query(
    _Box,
    """
    select a.id, p.box from appointments a join people p on p.matter = a.id
    where (:everywhere or a.station = any(:stations) or :every_stop and a.kind = 'stop')
      and a.starts_at >= :first and a.starts_at < :last and a.state is not null
    order by a.starts_at < :midnight, abs(extract(epoch from a.starts_at - :midnight)), a.id
""",
)


async def load_boxes(act: Act) -> dict[UUID, bytes]:
    """The people with an appointment at the stations somebody works for, around today, as they are kept, by its id."""
    midnight = _bounds(act.today)["first"]
    values = {"midnight": midnight, "first": midnight - BACK, "last": midnight + AHEAD + timedelta(days=1)}
    return {each.id: each.box for each in await _BOXES.all(act.conn, {**_of(act.staff), **values})}


@dataclass(frozen=True, slots=True)
class _Unreached:
    notice: UUID
    purpose: str
    at: datetime
    number: str | None
    status: Status | None
    starts_at: datetime | None
    station: str | None
    offers_video: bool
    until: datetime | None
    box: bytes


# An offer is that of the notice while nothing else has become of its entry.
_UNREACHED = Query(
    _Unreached,
    """
    select u.notice, u.purpose, u.at, a.number, a.status, coalesce(a.starts_at, o.starts_at) as starts_at,
           (select name from stations where key = coalesce(a.station, o.station)) as station,
           exists (select from stations where key = o.station and kind = 'video') as offers_video,
           case u.purpose when 'alternative' then a.held_until when 'seat-offer' then o.until end as until, p.box
    from unreached u
    join people p on p.matter = u.appointment
    left join appointments a on a.id = u.appointment
    left join waiting_entries w on w.id = u.appointment
    left join seat_offers o on o.entry = w.id and o.outcome is null
                            and w.version = coalesce(u.matter_version, w.version)
    where not u.reached and u.called_at is null
      and case u.purpose when 'seat-offer' then o.until > :now
                         when 'waiting' then w.status in ('waiting', 'offered')
                         when 'alternative' then a.status = 'offered' and a.held_until > :now
                         else a.starts_at > :now end
      and (:everywhere or a.station = any(:stations) or o.station = any(:stations) or :every_stop and a.kind = 'stop'
           or u.purpose = 'waiting' and w.stations && :stations)
    order by until nulls last, u.at limit :limit
""",
)


async def load_unreached(act: Act, limit: int = 200) -> list[Unreached]:
    """The people that staff should call: no message reached them, nobody has called yet, and it is of use still.

    Those with a deadline come first, the nearest first; then the oldest first.
    """
    return [
        Unreached(
            each.notice,
            each.purpose,
            each.at,
            each.number,
            each.status,
            each.starts_at,
            each.station,
            each.until,
            each.offers_video,
            act.tools.people.open(each.box),
        )
        for each in await _UNREACHED.all(act.conn, {**_of(act.staff), "now": act.now, "limit": limit})
    ]


def count_by_status(expected: Sequence[Expected]) -> dict[Status, int]:
    """How many of a day stand how."""
    statuses = [each.appointment.status for each in expected]
    return {status: statuses.count(status) for status in Status if status is not Status.HELD}


def _opened(tools: Tools, found: _Expected) -> Expected:
    return Expected(found, tools.people.open(found.box) if found.box else None, found.unreached)


def _of(who: Caller) -> dict[str, object]:
    return {
        "everywhere": EVERY_STATION in who.stations,
        "every_stop": EVERY_STOP in who.stations,
        "stations": sorted(who.stations),
    }


def _bounds(day: date) -> dict[str, datetime]:
    return {name: datetime.combine(day + timedelta(days=n), time(), BERLIN) for n, name in enumerate(("first", "last"))}
