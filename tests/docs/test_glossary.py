"""`docs/glossary.md` is kept: its words are used, and those to avoid are not."""

import importlib
import re

from fastapi.openapi.utils import get_openapi
from sqlalchemy import MetaData

from deploy.serve import app_of
from shared.events.registry import FACTS
from shared.settings import SERVICES
from tests.docs.kit import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/glossary.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| Word", "| ---"))
]


def parts(name: str) -> set[str]:
    """The words of a name, in the singular: `due_work`, `AppointmentBooked`, `/holds/{token}`."""
    return {word.lower().removesuffix("s") for word in re.findall(r"[A-Z]?[a-z]+", name)}


def names() -> set[str]:
    """Every table, column, fact, field of a fact, and route."""
    found = set()
    for service in SERVICES:
        metadata: MetaData = importlib.import_module(f"services.{service}.tables").metadata
        for table in metadata.tables.values():
            found |= {table.name, *(column.name for column in table.columns)}
        app = app_of(service)
        paths = get_openapi(title="", version="", routes=app.routes)["paths"]
        found |= {path.removeprefix(f"/{service}") for path in paths}  # a service is called what it is called
    for fact in FACTS:
        found |= {fact.__name__, *re.findall(r'"(\w+)": \{', str(fact.model_json_schema()).replace("'", '"'))}
    return found


def test_the_words_are_those_of_the_code() -> None:
    source = "\n".join(
        file.read_text() for folder in ("services", "shared", "deploy") for file in (ROOT / folder).rglob("*.py")
    )
    used = {word.lower() for word in re.findall(r"\w+", source)}
    words = [word for row in ROWS for word in re.findall(r"`(\w+)`", row[0])]
    assert len(words) > 40
    assert [word for word in words if not {word.lower(), f"{word.lower()}s"} & used] == []


def test_words_to_avoid_are_in_no_table_fact_or_route() -> None:
    avoided = {word for row in ROWS for word in re.findall(r"`(\w+)`", row[3])}
    assert {"office", "customer", "job"} <= avoided
    avoided -= {"event"}  # "except the id", says its row
    found = {name: clash for name in names() if (clash := parts(name) & avoided)}
    assert found == {}


def test_every_table_and_fact_has_its_word() -> None:
    text = " ".join(row[0] for row in ROWS).lower()
    kernel = {"idempotency_keys"}
    tables = {
        table
        for service in SERVICES
        for table in importlib.import_module(f"services.{service}.tables").metadata.tables
        if table not in kernel
    }
    assert [table for table in sorted(tables) if table.removesuffix("s").lower() not in text] == []
