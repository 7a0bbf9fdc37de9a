"""Renders what follows from the code into the files that show it: `python -m deploy.docs`, which `make docs` runs."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy import listing
from deploy.services import MANIFESTS
from services.notifications.news.domain import DIGEST_TIME, GATHERED_FOR, RULES, NewsRule, Telling
from services.notifications.purposes import POLICIES
from services.notifications.telling.matters import KINDS
from shared.manifest import Manifest

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    ROOT / name for name in ("README.md", "docs/flow.md", "docs/operating.md", "docker-compose.yml", "deploy/Caddyfile")
)
ENVIRONMENTS = ROOT / "deploy" / "env"
_PART = re.compile(
    r"^(?P<begin>[ \t]*(?P<mark>#|<!--) rendered by `make docs`: (?P<name>[a-z-]+)(?: -->)?\n)"
    r".*?(?P<end>^[ \t]*(?P=mark) end(?: -->)?$)",
    re.DOTALL | re.MULTILINE,
)


def rendered(page: str, services: Sequence[Manifest] = MANIFESTS) -> str:
    """A file with its parts as they are now, each between a line that names it and one that says `end`."""
    parts = _parts(services, page)

    def renewed(found: re.Match[str]) -> str:
        space = "\n" if found["mark"] == "<!--" else ""
        return f"{found['begin']}{space}{parts[found['name']]}\n{space}{found['end']}"

    return _PART.sub(renewed, page)


def render() -> None:
    """Write every rendered part, and an example of its settings for each service that has none."""
    for page in PAGES:
        page.write_text(rendered(page.read_text()))
    for each in MANIFESTS:
        example = ENVIRONMENTS / f"{each.name}.env.example"
        if not example.exists():
            example.write_text(listing.example_environment(each.name))


def _parts(services: Sequence[Manifest], page: str) -> Mapping[str, str]:
    return {
        "who-is-told": who_is_told(),
        "services": listing.services_table(services),
        "facts": listing.facts_table(services),
        "roles": listing.roles_table(services),
        "upstreams": listing.at_the_gateway(services),
        **listing.in_compose(services, page),
    }


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
    return listing.table(head, rows)


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
    render()
