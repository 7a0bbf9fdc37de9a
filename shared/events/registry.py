"""All facts, by their CloudEvents type, and the topics they travel on."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, TypeGuard

from pydantic import ValidationError

from shared import events
from shared.events.base import Fact, Privacy
from shared.events.personal import PersonalFact


def _facts() -> Iterator[type[Fact]]:
    """The facts of all modules beside this one; classes whose names end in `Fact` are what several have in common."""
    for found in iter_modules(events.__path__):
        if found.name != __name__.rpartition(".")[2]:
            module = import_module(f"{events.__name__}.{found.name}")
            own = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
            yield from (each for each in own if _is_fact(each))


def _is_fact(found: object) -> TypeGuard[type[Fact]]:
    return isinstance(found, type) and issubclass(found, Fact) and not found.__name__.endswith("Fact")


FACTS: tuple[type[Fact], ...] = tuple(_facts())

TYPE_PREFIX = "de.nahbar"


def type_of(fact: type[Fact]) -> str:
    """The CloudEvents `type` of a fact, such as `de.nahbar.appointments.AppointmentBooked`."""
    return f"{TYPE_PREFIX}.{fact.service}.{fact.__name__}"


def service_of(type: str) -> str:
    """The service that publishes facts of a CloudEvents type, which only a newer version may know."""
    return type.removeprefix(f"{TYPE_PREFIX}.").partition(".")[0]


@cache
def facts_by_type() -> Mapping[str, type[Fact]]:
    """Every fact class by its CloudEvents type."""
    return MappingProxyType({type_of(fact): fact for fact in FACTS})


def read_fact(type: str, body: Any) -> Fact | None:
    """A fact as it was kept; None where this version cannot read it, for only another one knows its type or shape."""
    kind = facts_by_type().get(type)
    try:
        return kind.model_validate(body) if kind else None
    except ValidationError:
        return None


def personal_fact(type: str) -> type[PersonalFact]:
    """The class of a fact about a matter of one person, by its CloudEvents type."""
    fact = facts_by_type()[type]
    if not issubclass(fact, PersonalFact):
        raise TypeError(f"{type} is not about one person.")
    return fact


def topic_of(prefix: str, fact: type[Fact]) -> str:
    """The topic a fact travels on: `nahbar.<service>`, with `.restricted` for facts not open to all departments."""
    name = f"{prefix}.{fact.service.replace('_', '-')}"
    return name if fact.privacy is Privacy.OPEN else f"{name}.restricted"


def dead_letter_topic(prefix: str, service: str) -> str:
    """The topic that keeps the records a service could not take."""
    return f"{prefix}.{service.replace('_', '-')}.dead-letters"


def topics_of(prefix: str, facts: Iterable[type[Fact]]) -> list[str]:
    """The topics of several facts, each once, sorted."""
    return sorted({topic_of(prefix, fact) for fact in facts})


def all_topics(prefix: str, services: Iterable[str]) -> list[str]:
    """Every topic the platform needs when the given services run."""
    return sorted(
        {
            *topics_of(prefix, FACTS),
            *(dead_letter_topic(prefix, service) for service in services),
        }
    )
