"""The contract between services: every fact is registered, classed, exemplified, and stays readable."""

import importlib
import inspect
import json
import pkgutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import shared.events
from shared.events.base import Fact, Privacy
from shared.events.registry import FACTS, all_topics, dead_letter_topic, facts_by_type, topic_of, type_of
from shared.settings import SERVICES

EXAMPLES = Path(shared.events.__file__).parent / "examples"


def example_files() -> list[Path]:
    return sorted(EXAMPLES.glob("*.json"))


def newest_example(fact: type[Fact]) -> Path:
    return EXAMPLES / f"{fact.__name__}.v{fact.schema_version}.json"


def test_examples_that_were_published_do_not_change() -> None:
    """Somebody keeps such facts: a field more is a new version with a new example, whose sum is added to the list."""
    published = {file: sum for sum, file in (line.split() for line in (EXAMPLES / "published.sha256").open())}
    assert published == {file.name: sha256(file.read_bytes()).hexdigest() for file in example_files()}


def test_every_fact_class_is_registered() -> None:
    found = set()
    for module in pkgutil.iter_modules(shared.events.__path__, "shared.events."):
        for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(each, Fact) and hasattr(each, "service") and not each.__name__.endswith("Fact"):
                found.add(each)
    assert found == set(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_says_who_publishes_it_and_who_may_read_it(fact: type[Fact]) -> None:
    assert fact.service in SERVICES
    assert isinstance(fact.privacy, Privacy)
    assert fact.__doc__
    assert facts_by_type()[type_of(fact)] is fact
    assert topic_of("nahbar", fact) in all_topics("nahbar", SERVICES)


def test_all_facts_of_an_aggregate_share_a_topic() -> None:
    bases: dict[type, set[str]] = {}
    for fact in FACTS:
        bases.setdefault(fact.__mro__[1], set()).add(topic_of("nahbar", fact))
    assert all(len(topics) == 1 for topics in bases.values())


def test_each_service_has_its_dead_letter_topic() -> None:
    assert {dead_letter_topic("nahbar", service) for service in SERVICES} <= set(all_topics("nahbar", SERVICES))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_the_newest_version_has_a_committed_example(fact: type[Fact]) -> None:
    assert newest_example(fact).exists(), f"write {newest_example(fact).name}; examples of older versions stay"


@pytest.mark.parametrize("file", example_files(), ids=lambda file: file.stem)
def test_todays_model_reads_every_example_ever_committed(file: Path) -> None:
    """INVARIANT: changes are additive. A fact published with any older version must still be readable."""
    written = json.loads(file.read_text())
    fact = next(each for each in FACTS if each.__name__ == file.stem.split(".")[0])
    read = fact.model_validate(written).model_dump(mode="json")
    assert_contains(read, written)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_the_newest_example_shows_every_field(fact: type[Fact]) -> None:
    """An example that leaves a field out would not notice when that field is renamed."""
    assert_shows_all_fields(fact, json.loads(newest_example(fact).read_text()))


@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact.privacy is Privacy.OPEN], ids=lambda f: f.__name__)
def test_open_facts_hold_nothing_of_a_person(fact: type[Fact]) -> None:
    written = json.loads(newest_example(fact).read_text(), object_hook=without_things)
    text = json.dumps(written)
    assert not any(word in text for word in ("person_key", "contact", "mail_address", "phone", '"name"'))


def test_a_consumer_of_yesterday_ignores_what_today_adds() -> None:
    for fact in FACTS:
        newer = json.loads(newest_example(fact).read_text()) | {"added_tomorrow": {"any": "thing"}}
        fact.model_validate(newer)


def without_things(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a fact without the places and vehicles in it, whose names are no persons'."""
    return {name: value for name, value in part.items() if name not in ("place", "vehicle")}


def assert_contains(read: Any, written: Any, path: str = "") -> None:
    """Everything that was written is read as it was written."""
    if isinstance(written, dict):
        for name, value in written.items():
            assert name in read, f"{path}.{name} is no longer read"
            assert_contains(read[name], value, f"{path}.{name}")
    elif isinstance(written, list):
        assert len(read) == len(written), path
        for index, (left, right) in enumerate(zip(read, written, strict=True)):
            assert_contains(left, right, f"{path}[{index}]")
    else:
        assert read == written, path


def assert_shows_all_fields(model: type[BaseModel], written: dict[str, Any], path: str = "") -> None:
    for name, field in model.model_fields.items():
        assert name in written, f"{path}{name} is missing in the example"
        inner, value = field.annotation, written[name]
        for part in (inner, *getattr(inner, "__args__", ())):
            if inspect.isclass(part) and issubclass(part, BaseModel) and value:
                assert_shows_all_fields(part, value[0] if isinstance(value, list) else value, f"{path}{name}.")
