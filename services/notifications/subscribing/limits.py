"""How many messages one network address may ask for in an hour, to whichever address they go."""

from services.notifications.locks import Lock
from services.notifications.subscribing.refusals import MessagesUsedUp
from shared import takings
from shared.act import Act
from shared.locks import lock_key


async def note_asking(act: Act) -> None:
    """Note that the origin of the act asks for a message.

    Raises:
        MessagesUsedUp: it asked for too many within an hour; the transaction must not commit then.
    """
    if act.origin is None or act.origin.pseudonym is None:
        return
    await lock_key(act.conn, Lock.ORIGIN, act.origin.pseudonym.hex())
    await takings.take(act, MessagesUsedUp)
