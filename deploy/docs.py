"""Renders into the documentation what the code says: `python -m deploy.docs`, which `make docs` runs."""

import re
from pathlib import Path

from services.notifications.telling.domain import POLICIES, WHO_IS_TOLD, Rule
from shared.events.appointments import DecidedBy

FLOW = Path(__file__).parents[1] / "docs" / "flow.md"
_RENDERED = re.compile(r"(<!-- rendered: make docs -->\n).*?(<!-- end -->)", re.DOTALL)


def with_who_is_told(page: str) -> str:
    """A page with the who-is-told table as it is now, between its two marks."""
    return _RENDERED.sub(lambda found: f"{found[1]}\n{who_is_told()}\n\n{found[2]}", page)


def who_is_told() -> str:
    """The table of who is told what, as Markdown."""
    head = (
        "Fact",
        "Who",
        "Is told",
        "Class",
        "When",
        "Useful until",
        "Quiet hours",
        "Channels",
        "If unknown",
        "Optional",
    )
    rows = [
        (
            rule.fact.__name__ + _by(rule),
            rule.role,
            rule.purpose.value,
            rule.urgency.name.lower(),
            rule.due.value,
            rule.useful_until.value,
            rule.quiet_hours.value,
            "those chosen; another known one as fallback",
            POLICIES[rule.purpose].if_unknown.value,
            "yes" if POLICIES[rule.purpose].optional else "no",
        )
        for rule in WHO_IS_TOLD
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _by(rule: Rule) -> str:
    return "" if rule.decided_by == frozenset(DecidedBy) else f" by {' or '.join(sorted(rule.decided_by))}"


if __name__ == "__main__":
    FLOW.write_text(with_who_is_told(FLOW.read_text()))
