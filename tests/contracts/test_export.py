"""What other teams get of the contract: it describes what really travels."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from deploy.contracts import asyncapi, export, json_schema
from shared.events import base
from shared.events.registry import FACTS, topics_of, type_of

EXAMPLES = Path(base.__file__).parent / "examples"


@pytest.mark.parametrize("fact", FACTS)
def test_every_example_keeps_to_the_schema_and_a_broken_one_does_not(fact: Any) -> None:
    schema = json_schema(fact)
    for file in EXAMPLES.glob(f"{fact.__name__}.v*.json"):
        example = json.loads(file.read_text())
        assert jsonschema_rs.is_valid(schema, example)
        assert not jsonschema_rs.is_valid(schema, example | {"version": "first"})
        assert not jsonschema_rs.is_valid(schema, {name: example[name] for name in example if name != "id"})


def test_the_document_names_every_topic_and_fact_and_points_only_at_what_it_holds() -> None:
    document = asyncapi("nahbar")
    assert sorted(document["channels"]) == topics_of("nahbar", FACTS)
    assert {each["name"] for each in document["components"]["messages"].values()} == {type_of(fact) for fact in FACTS}

    def references(part: Any) -> Iterator[str]:
        for name, value in part.items() if isinstance(part, dict) else enumerate(part):
            if name == "$ref":
                yield value
            elif isinstance(value, (dict, list)):
                yield from references(value)

    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_the_export_is_one_file_per_fact_and_the_document(tmp_path: Path) -> None:
    files = export(tmp_path / "new", "nahbar")
    assert len(files) == len(FACTS) + 1
    assert all(json.loads(file.read_text()) for file in files)
