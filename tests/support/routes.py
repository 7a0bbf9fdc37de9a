"""The routes of an application: what they take, and which are for staff alone, read from their signatures."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

_GUARDS = ("require_role.<locals>.caller", "signed_in.<locals>.session")
_OF_TIME = re.compile(r"day|week|month|monday|page|first|last|from|until|date|_at$|moment|time")

Where = Literal["path", "query", "body"]


@dataclass(frozen=True)
class Parameter:
    """What a route takes: its name, where it stands, whether it looks like a day, a time or a place in a list."""

    name: str
    where: Where
    of_time: bool


@dataclass(frozen=True)
class Route:
    """A route, what it takes, and whether it asks who calls."""

    method: str
    path: str
    parameters: tuple[Parameter, ...]
    for_staff: bool

    @property
    def of_time(self) -> list[Parameter]:
        """What it takes of days and times."""
        return [each for each in self.parameters if each.of_time]


def api_routes(app: FastAPI) -> list[APIRoute]:
    """The routes of an application as FastAPI has them."""
    return [each for each in app.routes if isinstance(each, APIRoute)]


def routes_of(app: FastAPI) -> list[Route]:
    """The routes of an application, one for each method."""
    return [
        Route(method, route.path, tuple(_parameters(route.dependant)), _is_guarded(route.dependant))
        for route in api_routes(app)
        for method in sorted(route.methods or ())
    ]


def staff_routes(app: FastAPI) -> list[tuple[str, str]]:
    """The method and path of each route that asks who calls."""
    return [(route.method, route.path) for route in routes_of(app) if route.for_staff]


def _is_guarded(dependant: Dependant) -> bool:
    return any(
        getattr(each.call, "__qualname__", "") in _GUARDS or _is_guarded(each) for each in dependant.dependencies
    )


def _parameters(dependant: Dependant) -> Iterator[Parameter]:
    fields: tuple[tuple[Where, list[Any]], ...] = (
        ("path", dependant.path_params),
        ("query", dependant.query_params),
        ("body", dependant.body_params),
    )
    for where, taken in fields:
        for field in taken:
            kind = field.field_info.annotation
            inner = kind.model_fields if inspect.isclass(kind) and issubclass(kind, BaseModel) else {}
            for name, info in inner.items() or [(field.name, field.field_info)]:
                of_time = bool(_OF_TIME.search(name)) or "date" in str(info.annotation)
                yield Parameter(name, where, of_time)
    for further in dependant.dependencies:
        yield from _parameters(further)
