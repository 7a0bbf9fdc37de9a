"""Which notices reached their person: a projection of what `notifications` tells."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.notifications import NoticeFact

_NOTE = text("""
    insert into unreached (notice, version, appointment, purpose, reached, at)
    values (:notice, :version, :appointment, :purpose, :reached, :at)
    on conflict (notice) do update
    set version = excluded.version, reached = excluded.reached, at = excluded.at
    where unreached.version < excluded.version
""")


async def note_outcome(conn: AsyncConnection, fact: NoticeFact, reached: bool) -> None:
    """Remember the newest outcome of a notice about one of our appointments; older facts change nothing."""
    notice = fact.notice
    if notice.matter_service == "appointments":
        await conn.execute(
            _NOTE,
            {
                "notice": fact.id,
                "version": fact.version,
                "appointment": notice.matter,
                "purpose": notice.purpose,
                "reached": reached,
                "at": notice.at,
            },
        )
