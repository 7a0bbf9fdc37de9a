"""What messages tell, and to whom, read when they are about to be sent; what cannot be read concerns itself alone."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Notice
from services.notifications.links.usecases import answers
from services.notifications.news.circulars import TO_SUBSCRIBERS, circulars
from services.notifications.purposes import Purpose
from services.notifications.sending.carrier import Content
from shared.act import Act
from shared.events.personal import PersonalFact
from shared.events.registry import personal_fact
from shared.failures import Failure, classify
from shared.statements import Query

Read = Callable[[Sequence[Notice]], Awaitable[Mapping[UUID, Content]]]


@dataclass(frozen=True, slots=True)
class _Matter:
    id: UUID
    type: str
    fact: Any


_FACTS = Query(_Matter, "select id, type, fact from matters where id = any(:ids)")


async def subjects(act: Act, notices: Sequence[Notice]) -> dict[UUID, Content | Exception]:
    """What notices tell, and to whom; why not, for those of which it cannot be read.

    Left out are those nobody wants any more, or whose person is forgotten.
    """
    found: dict[UUID, Content | Exception] = {}
    for read in (
        lambda some: _personal(act.conn, some),
        lambda some: circulars(act, some),
        lambda some: answers(act, some),
    ):
        found |= await _one_by_one(read, notices)
    return found


async def _one_by_one(read: Read, notices: Sequence[Notice]) -> Mapping[UUID, Content | Exception]:
    """Read together; where that fails, each alone."""
    try:
        return await read(notices)
    except Exception as error:
        if classify(error) is Failure.TRANSIENT:
            raise
        if len(notices) == 1:
            return {notices[0].id: error}
    found: dict[UUID, Content | Exception] = {}
    for notice in notices:
        found |= await _one_by_one(read, [notice])
    return found


async def _personal(conn: AsyncConnection, notices: Iterable[Notice]) -> dict[UUID, tuple[PersonalFact, None]]:
    """The facts that notices to one person tell of, unless that person is forgotten; the contact is sealed in them."""
    mine = [notice for notice in notices if notice.purpose not in TO_SUBSCRIBERS | {Purpose.LINKS}]
    matters = await _FACTS.all(conn, {"ids": list({notice.matter for notice in mine})}) if mine else []
    facts = {each.id: personal_fact(each.type).model_validate(each.fact) for each in matters}
    return {notice.id: (facts[notice.matter], None) for notice in mine if facts[notice.matter].personal.contact}
