"""The routes of an application, and those that are for staff alone."""

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

_GUARDS = ("require_role.<locals>.caller", "signed_in.<locals>.session")


def routes_of(app: FastAPI) -> list[APIRoute]:
    """All routes of an application."""
    return [each for each in app.routes if isinstance(each, APIRoute)]


def staff_routes(app: FastAPI) -> list[tuple[str, str]]:
    """The method and path of each route that asks who calls."""
    return [
        (method, route.path)
        for route in routes_of(app)
        if _is_guarded(route.dependant)
        for method in sorted(route.methods or ())
    ]


def _is_guarded(dependant: Dependant) -> bool:
    return any(
        getattr(each.call, "__qualname__", "") in _GUARDS or _is_guarded(each) for each in dependant.dependencies
    )
