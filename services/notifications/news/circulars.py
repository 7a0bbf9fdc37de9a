"""What messages to subscribers say, and to whom, when they are about to be sent: as things are then."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.notifications.delivery.domain import Notice
from services.notifications.news.domain import GATHERED, Circular, in_order
from services.notifications.news.reading import readable
from services.notifications.purposes import NEWS_PURPOSES, Purpose
from services.notifications.subscribing.facts import CONFIRM, PREFERENCES, UNSUBSCRIBE, Reader, secret_url
from shared.act import Act
from shared.events.personal import Contact
from shared.statements import Query
from shared.tools import Tools

TO_SUBSCRIBERS = NEWS_PURPOSES | {Purpose.SUBSCRIPTION, Purpose.SUBSCRIPTION_LINK}

Written = tuple[Circular, Contact]


@dataclass(frozen=True, slots=True)
class _Request:
    id: UUID
    language: str
    box: bytes


_REQUESTS = Query(
    _Request,
    """
    select r.id, r.language, p.box from subscription_requests r join people p on p.matter = r.id
    where r.id = any(:ids) and r.confirmed_at is null
""",
)


@dataclass(frozen=True, slots=True)
class _Subscription:
    id: UUID
    address: str
    generation: int
    language: str
    box: bytes


_SUBSCRIPTIONS = Query(
    _Subscription,
    """
    select s.id, s.address, s.generation, s.language, p.box from subscriptions s join people p on p.matter = s.id
    where s.address = any(:addresses)
""",
)


@dataclass(frozen=True, slots=True)
class _News:
    notice: UUID
    matter: UUID
    type: str
    fact: Any


_NEWS = Query(
    _News,
    """
    select n.id as notice, m.id as matter, m.type, m.fact from notices n join matters m on m.id = n.matter
    where n.id = any(:ids) and n.purpose <> all(:gathered)
    union all
    select i.notice, m.id as matter, m.type, m.fact from digest_items i join matters m on m.id = i.matter
    where i.notice = any(:ids) and m.told_version <= i.matter_version and i.useful_until > :now
""",
)


async def circulars(act: Act, notices: Collection[Notice]) -> dict[UUID, Written]:
    """What to say for notices to subscribers, and to whom.

    Left out are those nobody wants any more: the subscription has ended, the request was confirmed or forgotten, or all
    news of a digest is over.
    """
    mine = [notice for notice in notices if notice.purpose in TO_SUBSCRIBERS]
    if not mine:
        return {}
    return await _asked(act, mine) | await _subscribed(act, mine)


async def _asked(act: Act, notices: Collection[Notice]) -> dict[UUID, Written]:
    wanted = {notice.matter: notice.id for notice in notices if notice.purpose is Purpose.SUBSCRIPTION}
    if not wanted:
        return {}
    written = {}
    for request in await _REQUESTS.all(act.conn, {"ids": list(wanted)}):
        url = secret_url(act.tools, CONFIRM, Reader(request.id, 1, request.language))
        contact = _contact(act.tools, request.box, url)
        written[wanted[request.id]] = (Circular((), request.language, act.today), contact)
    return written


async def _subscribed(act: Act, notices: Collection[Notice]) -> dict[UUID, Written]:
    wanted = [notice for notice in notices if notice.purpose is not Purpose.SUBSCRIPTION]
    if not wanted:
        return {}
    kept: defaultdict[UUID, list[_News]] = defaultdict(list)
    news = [notice.id for notice in wanted if notice.purpose in NEWS_PURPOSES]
    for each in await _NEWS.all(act.conn, {"ids": news, "gathered": list(GATHERED), "now": act.now}):
        kept[each.notice].append(each)
    subscriptions = await _SUBSCRIPTIONS.all(act.conn, {"addresses": list({notice.recipient for notice in wanted})})
    subscribed = {each.address: each for each in subscriptions}
    written = {}
    for notice in wanted:
        subscription = subscribed.get(notice.recipient)
        if subscription is None or (notice.purpose in NEWS_PURPOSES and not kept[notice.id]):
            continue
        facts = readable(kept[notice.id])
        if kept[notice.id] and not facts:
            raise ValueError("None of the news can be read.")
        reader = Reader(subscription.id, subscription.generation, subscription.language)
        contact = _contact(act.tools, subscription.box, secret_url(act.tools, PREFERENCES, reader))
        end = secret_url(act.tools, UNSUBSCRIBE, reader) if notice.purpose in NEWS_PURPOSES else None
        written[notice.id] = (Circular(in_order(facts), reader.language, act.today, end), contact)
    return written


def _contact(tools: Tools, box: bytes, url: str) -> Contact:
    person = tools.people.open(box)
    return Contact(name="", mail=person.mail, phone=person.phone, manage_url=url)
