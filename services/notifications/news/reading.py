"""News as it was kept: one that cannot be read concerns itself alone."""

from collections.abc import Iterable
from typing import Any

import structlog

from services.notifications.news.domain import NEWS
from shared.events.base import Fact
from shared.events.registry import read_fact, type_of

KNOWN_TYPES = [type_of(fact) for fact in NEWS]
"""News this version can tell; what a newer one kept waits for a newer one."""

log = structlog.get_logger()


def readable(rows: Iterable[Any]) -> list[Fact]:
    """The facts of rows with `matter`, `type` and `fact`; what cannot be read is left out, the log names its matter."""
    facts = []
    for row in rows:
        fact = read_fact(row["type"], row["fact"])
        if fact:
            facts.append(fact)
        else:
            log.error("news_not_readable", matter=str(row["matter"]))
    return facts
