"""News gives way: whose own matter it is hears of it in a message of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Notice
from shared.due import Urgency
from shared.statements import Query


@dataclass(frozen=True, slots=True)
class _Hearer:
    """An address whose owner hears in a message of their own of a matter, or of what has a cause."""

    about: UUID
    address: str


_TOLD = Query(
    _Hearer,
    """
    select n.cause as about, a.value as address from notices n, jsonb_each_text(n.addresses) a
    where n.urgency < 3 and n.cause = any(:causes)
""",
)
_BOOKED = Query(
    _Hearer,
    """
    select cast(m.fact #>> '{appointment,place,key}' as uuid) as about, a.value as address
    from matters m join notices n on n.matter = m.id, jsonb_each_text(n.addresses) a
    where m.fact #>> '{appointment,kind}' = 'stop'
      and m.fact #>> '{appointment,place,key}' = any(cast(:stops as text[]))
      and m.fact #>> '{appointment,status}' in ('confirmed', 'offered')
""",
)


async def told_personally(conn: AsyncConnection, notices: Iterable[Notice]) -> set[UUID]:
    """The ids of those notices of news whose person is told of the same cause personally, or will be."""
    news = [notice for notice in notices if notice.urgency is Urgency.BULK]
    if not news:
        return set()
    told = await _TOLD.all(conn, {"causes": list({notice.cause for notice in news})})
    booked = await _BOOKED.all(conn, {"stops": [str(matter) for matter in {notice.matter for notice in news}]})
    hearers = {*told, *booked}
    return {
        notice.id
        for notice in news
        if {_Hearer(notice.cause, notice.recipient), _Hearer(notice.matter, notice.recipient)} & hearers
    }
