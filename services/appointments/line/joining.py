"""Writing new entries into the waiting list."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import text

from services.appointments.line.facts import NewEntry, joined_fact
from services.appointments.offer.domain import keys_of
from services.appointments.offer.queries import grid_of
from shared.act import Act
from shared.clock import BERLIN
from shared.due import Urgency, Work
from shared.tools import Tools

LAST_DAY = "waiting-last-day"

_JOIN = text("""
    insert into waiting_entries (id, version, status, turn, services, seats, stations, weekdays, first_day, last_day,
                                 language, interpreter, channels, state)
    values (:id, 1, 'waiting', nextval('waiting_turns'), :services, :seats, :stations, :weekdays, :first_day, :last_day,
            :language, :interpreter, :channels, cast(:state as jsonb))
""")


async def add_entries(act: Act, entries: Sequence[NewEntry]) -> None:
    """Add entries behind all others, in order; WaitingListJoined is recorded for each.

    Args:
        entries: the open transaction holds the lock of the line.
    """
    if not entries:
        return
    facts = [joined_fact(act.tools, each) for each in entries]
    rows = [
        _row(act.tools, each) | {"state": fact.entry.model_dump_json()}
        for each, fact in zip(entries, facts, strict=True)
    ]
    await act.conn.execute(_JOIN, rows)
    await act.tools.people.save_all(act.conn, {each.id: each.details.kept for each in entries})
    await act.record_all(list(facts))
    await act.schedule(*[_over(each) for each in entries])


def _row(tools: Tools, entry: NewEntry) -> dict[str, object]:
    suits, details = entry.suits, entry.details
    return {
        "id": entry.id,
        "services": keys_of(entry.offer.services),
        "seats": grid_of(tools.city).slots_for(entry.offer.services),
        "stations": list(suits.stations),
        "weekdays": list(suits.weekdays),
        "first_day": suits.first_day,
        "last_day": suits.last_day,
        "language": details.language,
        "interpreter": details.interpreter,
        "channels": list(details.person.channels),
    }


def _over(entry: NewEntry) -> Work:
    over = datetime.combine(entry.suits.last_day + timedelta(days=1), time(), BERLIN)
    return Work(LAST_DAY, str(entry.id), over, Urgency.REMINDER)
