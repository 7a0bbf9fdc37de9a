"""News gives way: whose own matter it is hears of it in a message of their own."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Notice
from shared.due import Urgency
from shared.statements import Statement

TOLD = """
    select n.cause, a.value as address from notices n, jsonb_each_text(n.addresses) a
    where n.urgency < 3 and n.cause = any({causes})
"""
"""The addresses of those who are told personally of something with the same cause."""

BOOKED = """
    select cast(m.fact #>> '{{appointment,place,key}}' as uuid) as stop, a.value as address
    from matters m join notices n on n.matter = m.id, jsonb_each_text(n.addresses) a
    where m.fact #>> '{{appointment,kind}}' = 'stop'
      and m.fact #>> '{{appointment,place,key}}' = any(cast({stops} as text[]))
      and m.fact #>> '{{appointment,status}}' in ('confirmed', 'offered')
"""
"""The addresses of those who, as far as we know, have an appointment at a stop: what becomes of it, they will hear."""

_TOLD = Statement(TOLD.format(causes=":causes"))
_BOOKED = Statement(BOOKED.format(stops=":stops"))


async def told_personally(conn: AsyncConnection, notices: Iterable[Notice]) -> set[UUID]:
    """The ids of those notices of news whose person is told of the same cause personally, or will be."""
    news = [notice for notice in notices if notice.urgency is Urgency.BULK]
    if not news:
        return set()
    told = await _TOLD.rows(conn, {"causes": list({notice.cause for notice in news})})
    booked = await _BOOKED.rows(conn, {"stops": [str(matter) for matter in {notice.matter for notice in news}]})
    personal = {(row["cause"], row["address"]) for row in told} | {(row["stop"], row["address"]) for row in booked}
    return {
        notice.id for notice in news if {(notice.cause, notice.recipient), (notice.matter, notice.recipient)} & personal
    }
