"""Renders into the documentation what the code says: `python -m deploy.docs`, which `make docs` runs."""

import re
from pathlib import Path

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
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    FLOW.write_text(with_who_is_told(FLOW.read_text()))
