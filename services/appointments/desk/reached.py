"""Which notices reached their person: a projection of what `notifications` tells, as far as staff could call."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.desk.domain import must_call
from shared.events.notifications import NoticeFact

# Of whoever holds a number in the hall no address is kept, so there is nobody to find here.
_CHANNELS = text("""
    select coalesce(a.channels, w.channels) from people p
    left join appointments a on a.id = p.matter left join waiting_entries w on w.id = p.matter
    where p.matter = :matter
""")
_NOTE = text("""
    insert into unreached (notice, version, appointment, matter_version, purpose, reached, at)
    values (:notice, :version, :matter, :matter_version, :purpose, :reached, :at)
    on conflict (notice) do update
    set version = excluded.version, reached = excluded.reached, at = excluded.at
    where unreached.version < excluded.version
""")
_FORGET = text("delete from unreached where appointment = any(:matters)")


async def note_outcome(conn: AsyncConnection, fact: NoticeFact, reached: bool) -> None:
    """Remember the newest outcome of a notice about which staff would call; older facts change nothing."""
    notice = fact.notice
    if notice.matter_service != "appointments":
        return
    channels = (await conn.execute(_CHANNELS, {"matter": notice.matter})).scalar_one_or_none()
    if channels is None or not must_call(notice.purpose, channels):
        return
    await conn.execute(
        _NOTE,
        {
            "notice": fact.id,
            "version": fact.version,
            "matter": notice.matter,
            "matter_version": notice.matter_version,
            "purpose": notice.purpose,
            "reached": reached,
            "at": notice.at,
        },
    )


async def forget_outcomes(conn: AsyncConnection, matters: Sequence[UUID]) -> None:
    """Forget what reached people who have been forgotten: nobody can call them."""
    await conn.execute(_FORGET, {"matters": matters})
