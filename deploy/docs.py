"""Renders into the documentation what the code says: `python -m deploy.docs`, which `make docs` runs."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.notifications.news.domain import DIGEST_TIME, GATHERED_FOR, RULES, NewsRule, Telling
from services.notifications.telling.matters import KINDS
from services.notifications.telling.purposes import POLICIES

FLOW = Path(__file__).parents[1] / "docs" / "flow.md"
_RENDERED = re.compile(r"(<!-- rendered: make docs -->\n).*?(<!-- end -->)", re.DOTALL)


def with_who_is_told(page: str) -> str:
    """A page with the who-is-told table as it is now, between its two marks."""
    return _RENDERED.sub(lambda found: f"{found[1]}\n{who_is_told()}\n\n{found[2]}", page)


def who_is_told() -> str:
    """The table of who is told what, as Markdown."""
    head = (
        "Fact",
        "Person",
        "Is told",
        "Class",
        "When",
        "Useful until",
        "Quiet hours",
        "Channels",
        "If unknown",
        "Optional",
    )
    rows: list[tuple[str, ...]] = [
        (
            f"{rule.fact.__name__} {rule.only.words}".strip(),
            rule.role,
            rule.purpose.value,
            rule.urgency.name.lower(),
            rule.due.words,
            rule.useful_until.words,
            rule.quiet_hours.words,
            "those chosen; another known one as fallback",
            POLICIES[rule.purpose].if_unknown.value,
            "yes" if POLICIES[rule.purpose].optional else "no",
        )
        for kind in KINDS
        for rule in kind.rules
    ]
    rows += [_news_row(rule, telling) for rule in RULES for telling in rule.tellings]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _news_row(rule: NewsRule[Any], telling: Telling) -> tuple[str, ...]:
    purpose = telling.purpose
    wait = (GATHERED_FOR if telling.gathered else telling.grace) // timedelta(minutes=1)
    return (
        telling.words,
        telling.audience.value,
        purpose.value,
        "bulk",
        f"{f'after {wait} minutes' if wait else 'at once'}, or in the digest at {DIGEST_TIME:%H:%M}",
        rule.words,
        "waits",
        "the one subscribed with",
        POLICIES[purpose].if_unknown.value,
        "yes" if POLICIES[purpose].optional else "no",
    )


if __name__ == "__main__":
    FLOW.write_text(with_who_is_told(FLOW.read_text()))
