"""A worker in a process of its own, to be frozen: `python -m tests.notifications.worker_process SETTINGS FOLDER`."""

import asyncio
import pickle
import sys
from datetime import timedelta
from pathlib import Path

from shared import lanes
from shared.runtime import Role
from tests.chaos import fail_points

LEASE = timedelta(seconds=2)


def main(settings: str, folder: str) -> None:
    """Do due work, with fail points, until killed."""
    fail_points.install(fail_points.Armed(Path(folder)))
    from services.notifications.app import create_app

    lanes.LEASE = LEASE
    app = create_app(pickle.loads(Path(settings).read_bytes()), frozenset({Role.DUE}))

    async def work() -> None:
        async with app.router.lifespan_context(app):
            await asyncio.Event().wait()

    asyncio.run(work())


if __name__ == "__main__":
    main(*sys.argv[1:])
