"""Writing new entries into the waiting list."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.offer.domain import keys_of
from services.appointments.offer.queries import grid_of
from services.appointments.waiting.facts import NewEntry, joined_fact
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


async def add_entries(
    conn: AsyncConnection, tools: Tools, entries: Sequence[NewEntry], cause: UUID | None = None
) -> None:
    """Add entries behind all others, in order; WaitingListJoined is recorded for each.

    Args:
        entries: the open transaction holds the lock of the line.
        cause: the first fact of the chain this follows from, if it follows from one.
    """
    if not entries:
        return
    facts = [joined_fact(tools, each) for each in entries]
    rows = [
        _row(tools, each) | {"state": fact.entry.model_dump_json()} for each, fact in zip(entries, facts, strict=True)
    ]
    await conn.execute(_JOIN, rows)
    await tools.people.save_all(conn, {each.id: each.details.kept for each in entries})
    await tools.outbox.record_all(conn, [(fact, cause) for fact in facts])
    await tools.due.schedule(conn, *[_over(each) for each in entries])


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
