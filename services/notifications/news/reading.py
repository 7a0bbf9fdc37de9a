"""News as it was kept: one that cannot be read concerns itself alone."""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

import structlog

from services.notifications.news.domain import NEWS
from shared.events.base import Fact
from shared.events.registry import read_fact, type_of

KNOWN_TYPES = [type_of(fact) for fact in NEWS]
"""News this version can tell; what a newer one kept waits for a newer one."""

log = structlog.get_logger()


class Kept(Protocol):
    """A fact as it was kept."""

    @property
    def matter(self) -> UUID: ...

    @property
    def type(self) -> str: ...

    @property
    def fact(self) -> Any: ...


def readable(news: Iterable[Kept]) -> list[Fact]:
    """The facts as they can be told; what cannot be read is left out, the log names its matter."""
    facts = []
    for each in news:
        fact = read_fact(each.type, each.fact)
        if fact:
            facts.append(fact)
        else:
            log.error("news_not_readable", matter=str(each.matter))
    return facts
