"""The container's health, asked over a real port."""

import socket
from collections.abc import Callable

import pytest
from fastapi import FastAPI, Response

from deploy import healthcheck
from deploy.local.processes import free_port
from tests.deploy.far_ends import listen, port_of, web_server


def answering(states: dict[str, int]) -> tuple[FastAPI, socket.socket]:
    """A process that serves some services, in some state."""
    app = FastAPI()

    def route(status: int) -> Callable[[], Response]:
        return lambda: Response(status_code=status)

    for service, status in states.items():
        app.add_api_route(f"/{service}/health/live", route(status))
    return app, listen()


@pytest.mark.parametrize(
    ("states", "alive"),
    [
        ({"appointments": 200}, True),
        ({"appointments": 200, "notifications": 200}, True),
        ({"appointments": 200, "notifications": 503}, False),
        ({"notifications": 503}, False),
        ({}, False),
    ],
)
def test_alive_is_who_serves_something_and_is_stuck_nowhere(states: dict[str, int], alive: bool) -> None:
    app, listening = answering(states)
    with web_server(app, listening):
        assert healthcheck.alive(port_of(listening)) is alive


def test_who_does_not_answer_is_not_alive() -> None:
    assert not healthcheck.alive(free_port())
