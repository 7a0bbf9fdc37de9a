"""How many messages one network address may ask for in an hour, to whomever."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.settings import Settings
from services.notifications.subscribing.refusals import MessagesUsedUp
from shared.takings import Origins, address_of, note_taking

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(encode(:origin, 'hex'), 0))")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: the pseudonym of its network (None: no limit holds), and the limit."""

    pseudonym: bytes | None
    limit: int

    async def take(self, conn: AsyncConnection, now: datetime) -> None:
        """Note that a message is asked for.

        Raises:
            MessagesUsedUp: too many were, within an hour; the transaction must not commit then.
        """
        if self.pseudonym is None:
            return
        await conn.execute(_ONE_AT_A_TIME, {"origin": self.pseudonym})
        await note_taking(conn, self.pseudonym, self.limit, now, MessagesUsedUp)


async def _origin(request: Request) -> Origin:
    settings: Settings = request.app.state.tools.settings
    origins: Origins = request.app.state.origins
    return Origin(origins.of(address_of(request)), settings.address_limit)


CurrentOrigin = Annotated[Origin, Depends(_origin)]
"""Where a request comes from."""
