"""How many messages one network address may ask for in an hour, to whichever address they go."""

from sqlalchemy import text

from services.notifications.subscribing.refusals import MessagesUsedUp
from shared import takings
from shared.act import Act

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(encode(:origin, 'hex'), 0))")


async def note_asking(act: Act) -> None:
    """Note that the origin of the act asks for a message.

    Raises:
        MessagesUsedUp: it asked for too many within an hour; the transaction must not commit then.
    """
    if act.origin is None or act.origin.pseudonym is None:
        return
    await act.conn.execute(_ONE_AT_A_TIME, {"origin": act.origin.pseudonym})
    await takings.take(act, MessagesUsedUp)
