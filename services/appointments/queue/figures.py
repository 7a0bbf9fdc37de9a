"""What staff read of the days of a queue: how many came, and how long it took."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.statements import Query


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Counts and times of a day of a station.

    Times are averages: `wait` from the number to the first call (`long_wait`: nine in ten wait less), `way` from call
    to counter, `processing` at counters. None where there is nothing to count.
    """

    day: date
    walk_ins: int
    appointments: int
    served: int
    missed: int
    returned: int
    not_called: int
    wait: timedelta | None
    long_wait: timedelta | None
    way: timedelta | None
    processing: timedelta | None


_FIGURES = Query(
    DayFigures,
    """
    select day, count(*) filter (where appointment is null) as walk_ins,
           count(*) filter (where appointment is not null) as appointments,
           count(*) filter (where outcome = 'served') as served, count(*) filter (where outcome = 'missed') as missed,
           count(*) filter (where outcome = 'returned') as returned,
           count(*) filter (where outcome in ('not_called', 'station_closed')) as not_called,
           avg(first_called_at - issued_at) as wait,
           percentile_cont(0.9) within group (order by first_called_at - issued_at) as long_wait,
           avg(way) as way, avg(processing) as processing
    from tickets where station = :station and day between :first and :last
    group by day order by day
""",
)


async def load_figures(conn: AsyncConnection, station: str, first: date, last: date) -> list[DayFigures]:
    """The figures of a station on some days, made from what the tickets say when asked."""
    return await _FIGURES.all(conn, {"station": station, "first": first, "last": last})
