"""Renders into the documentation what the code says: `python -m deploy.docs`, which `make docs` runs."""

import re
from pathlib import Path

from services.notifications.telling.domain import who_is_told_markdown

FLOW = Path(__file__).parents[1] / "docs" / "flow.md"
_RENDERED = re.compile(r"(<!-- rendered: make docs -->\n).*?(<!-- end -->)", re.DOTALL)


def with_who_is_told(page: str) -> str:
    """A page with the who-is-told table as it is now, between its two marks."""
    return _RENDERED.sub(lambda found: f"{found[1]}\n{who_is_told_markdown()}\n\n{found[2]}", page)


if __name__ == "__main__":
    FLOW.write_text(with_who_is_told(FLOW.read_text()))
