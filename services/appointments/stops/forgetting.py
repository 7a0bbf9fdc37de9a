"""Stops that are over, and at which nobody had an appointment, are forgotten."""

from sqlalchemy import text

from shared import retention
from shared.act import Act

_FORGET = text("""
    with gone as (
        delete from stops where departs_at < :before
            and not exists (select from appointments a where a.station = stops.station)
            and not exists (select from seat_offers o where o.station = stops.station)
        returning station
    ), without_counters as (
        delete from counters where station in (select station from gone)
    )
    delete from stations where key in (select station from gone)
""")


async def forget_stops(act: Act) -> None:
    """Delete the stations of stops whose facts can arrive no more, and to which nothing refers."""
    await act.conn.execute(_FORGET, {"before": act.now - retention.INBOX})
