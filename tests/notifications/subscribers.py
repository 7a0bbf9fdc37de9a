"""Subscribers of news, and the steps by which news reaches them, without far ends."""

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID, uuid4

from services.notifications.news.digest import DIGEST, write_digests
from services.notifications.news.usecases import FAN_OUT, fan_out, take_news
from services.notifications.subscribing import usecases
from services.notifications.subscribing.domain import Address, Wishes
from services.notifications.subscribing.queries import Subscription
from shared.act import Act, acting
from shared.due import Claim
from shared.events.base import Fact, Received
from shared.tools import Tools
from tests.notifications.facts import as_news
from tests.notifications.kit import Post

HAMBORN = 200
MARXLOH = 202


def wishes(**changes: Any) -> Wishes:
    """All news of Hamborn at once, in German."""
    values: dict[str, Any] = {
        "districts": (HAMBORN,), "quarters": (), "topics": ("stations",), "language": "de", "digest": False
    }  # fmt: skip
    return Wishes(**values | changes)


def mail(name: str) -> Address:
    """A mailbox at the simulator; the part before a plus sign names its behaviour."""
    return Address("mail", f"{name}@simulator.stadt.example")


async def subscribe(post: Post, address: Address | str = "delivered", **changes: Any) -> Subscription:
    """Subscribe and confirm."""
    tools = Tools(post.settings)
    now = tools.clock.now()
    where = mail(address) if isinstance(address, str) else address
    async with tools.db.transaction() as conn:
        request = await usecases.ask(Act(conn, tools, now), where, wishes(**changes))
        assert request, "too many requests"
        found = await usecases.confirm(Act(conn, tools, now), request)
    await tools.db.close()
    return found


async def hear(post: Post, *facts: Fact | Received[Any]) -> None:
    """Let facts arrive, and their fan-outs end."""
    tools = Tools(post.settings)
    for fact in facts:
        async with acting(tools) as act:
            news = fact if isinstance(fact, Received) else as_news(fact, tools.clock.now())
            await take_news(act, news)
        await spread(post, news.fact.id)
    await tools.db.close()


async def spread(post: Post, matter: UUID) -> None:
    """Do the due work of a fan-out to its end."""
    tools = Tools(post.settings)
    while await post.rows("select matter from fan_outs where matter = :matter", matter=matter):
        async with acting(tools) as act:
            await fan_out(act, Claim(FAN_OUT, str(matter), 1, uuid4()))
    await tools.db.close()


async def at_five(post: Post) -> None:
    """Move to when the digests are due, and plan them."""
    [due] = await post.rows("select due_at from due_work where kind = 'digest'")
    post.move_clock(due.due_at + timedelta(seconds=1))
    tools = Tools(post.settings)
    async with acting(tools) as act:
        await tools.due.cancel(act.conn, DIGEST, [""])
        await write_digests(act, Claim(DIGEST, "", 1, uuid4()))
    await tools.db.close()


async def planned(post: Post, *purposes: str) -> dict[str, int]:
    """How many messages there are to each subscription's address, by its key; all of news unless purposes are named."""
    rows = await post.rows(
        """
        select n.recipient, count(*) as messages from notices n join messages m on m.notice = n.id
        where n.purpose = any(:purposes) group by n.recipient
        """,
        purposes=list(purposes or ("closure", "closure-lifted", "digest")),
    )
    return {row.recipient: row.messages for row in rows}


def body_of(source: bytes) -> str:
    """The plain text of a mail."""
    mail = message_from_bytes(source, policy=default)
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())
