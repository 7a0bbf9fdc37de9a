"""The one list of services: what each says of itself, and where its code stands by the names of its files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module

from fastapi import FastAPI

from shared.events.base import Fact
from shared.manifest import Manifest
from shared.reactions import Reaction
from shared.runtime import ALL_ROLES, Role
from shared.settings import SERVICES, ServiceSettings
from shared.tools import Tools

MANIFESTS: tuple[Manifest, ...] = tuple(import_module(f"services.{name}").MANIFEST for name in SERVICES)


def settings_class(service: str) -> type[ServiceSettings]:
    """The settings of a service."""
    found: type[ServiceSettings] = import_module(f"services.{service}.settings").Settings
    return found


def reactions_of(service: str) -> Mapping[type[Fact], Reaction]:
    """What a service does about facts."""
    found: Mapping[type[Fact], Reaction] = import_module(f"services.{service}.consumers").REACTIONS
    return found


def create(
    settings: ServiceSettings, roles: frozenset[Role] = ALL_ROLES, known: Sequence[Manifest] = MANIFESTS
) -> FastAPI:
    """The application of a service, whose pages for staff lead to those of the others.

    Args:
        known: the services there are.
    """
    app: FastAPI = import_module(f"services.{settings.service}.app").create_app(settings, roles)
    others = [each.area for each in known if each.name != settings.service]
    app.state.staff_area = replace(app.state.staff_area, others=others)
    return app


async def load_city_into(tools: Tools) -> bool:
    """Load into a service what it owns of the city's data; returns whether it owns any."""
    [manifest] = [each for each in MANIFESTS if each.name == tools.name]
    if manifest.city is None:
        return False
    load_city = import_module(f"services.{manifest.name}.{manifest.city}").load_city
    async with tools.db.transaction() as conn:
        await load_city(conn, tools.city)
    return True
