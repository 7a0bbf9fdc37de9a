"""What a service says of itself, in its own package; all lists of services are made from it (`deploy/services.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

Words: TypeAlias = Mapping[str, str]
"""A text by the codes of the languages of pages: it stands on pages of others, whose catalogues do not have it."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something people come for.

    Args:
        alias: short path for posters and speech.
        path: where it is done.
        title: a verb and its object.
        text: one sentence.
        icon: a motif of KERN.
    """

    alias: str
    path: str
    title: Words
    text: Words
    icon: str


@dataclass(frozen=True, slots=True)
class Area:
    """The staff pages of a service: their name, and one sentence on them."""

    service: str
    title: Words
    text: Words

    @property
    def path(self) -> str:
        """Where they begin."""
        return f"/{self.service}/staff/"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the staff in a trial: name, task, and what access tokens say of them (`shared.auth.Caller`)."""

    name: str
    task: str
    roles: tuple[str, ...]
    stations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A service: `MANIFEST` of its package. Where its code stands follows from the names of its files.

    Args:
        name: that of the package; of its paths, its database, its topics and the prefix of its settings.
        about: the docstring of the package, whose first sentence says what the service is.
        area: its pages for staff.
        roles: what somebody may do with a role, by the role's name without the service.
        tasks: what people come for; the portal leads to it.
        city: the module of the package that has `load_city`, if the service owns some of the city's data.
        trial_staff: members of its staff in a trial, by their account, besides those who work with all services.
    """

    name: str
    about: str
    area: Area
    roles: Mapping[str, str]
    tasks: tuple[Task, ...] = ()
    city: str | None = None
    trial_staff: Mapping[str, Member] = field(default_factory=lambda: MappingProxyType({}))
