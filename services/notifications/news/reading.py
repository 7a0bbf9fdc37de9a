"""News as it was kept: one that cannot be read concerns itself alone."""

from collections.abc import Iterable
from typing import Any

import structlog

from services.notifications.news.domain import NEWS
from shared.events.base import Fact
from shared.events.registry import facts_by_type, type_of
from shared.failures import without_input

KNOWN_TYPES = [type_of(fact) for fact in NEWS]
"""News this version can tell; what a newer one kept waits for a newer one."""

log = structlog.get_logger()


def readable(rows: Iterable[Any]) -> list[Fact]:
    """The facts of rows with `matter`, `type` and `fact`; what cannot be read is left out, the log names its matter."""
    facts = []
    for row in rows:
        try:
            facts.append(facts_by_type()[row["type"]].model_validate(row["fact"]))
        except (LookupError, ValueError, TypeError) as error:
            log.error("news_not_readable", matter=str(row["matter"]), error=without_input(error))
    return facts
