"""A process of a chaos run: `nahbar serve` with fail points, and with a rule broken where a test asks for it.

python -m tests.chaos.launcher SERVICES ROLES PORT FOLDER [BREAKAGE]
"""

import sys
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from tests.chaos import breakages, fail_points
from tests.chaos.fail_points import Armed

LEASE = timedelta(seconds=8)
"""Instead of a minute, so that a run lives to see leases end."""
SESSION = 6_000
"""Milliseconds after which a silent member of a consumer group counts as gone; brokers allow no less."""

KEPT = timedelta(days=90)
"""Instead of two weeks, so that it is known who everybody was however long a run takes to settle."""


def main(services: str, roles: str, port: str, folder: str, breakage: str = "") -> None:
    """Wrap, then serve until the end."""
    armed = Armed(Path(folder) / "fail-points")
    if breakage in breakages.BEFORE_IMPORT:
        breakages.BEFORE_IMPORT[breakage]()
    fail_points.install(armed)
    if breakage in breakages.AFTER_IMPORT:
        breakages.AFTER_IMPORT[breakage]()

    from deploy import serve
    from shared import kafka, lanes, retention
    from shared.runtime import ALL_ROLES, Role

    app_of = serve.app_of

    def app_with_fail_points(service: str, roles: frozenset[Role] = ALL_ROLES) -> FastAPI:
        app = app_of(service, roles)
        fail_points.install_in_requests(app, armed)
        return app

    serve.app_of = app_with_fail_points
    lanes.LEASE = LEASE
    retention.PERSON_AFTER_MATTER = KEPT
    settings = kafka.consumer_settings
    kafka.consumer_settings = lambda: {
        **settings(),
        "session_timeout_ms": SESSION,
        "heartbeat_interval_ms": SESSION // 4,
    }
    chosen = frozenset(Role(role) for role in roles.split(","))
    serve.run(serve.platform_app(services.split(","), chosen), "127.0.0.1", int(port), "warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
