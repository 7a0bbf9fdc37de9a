"""Named fail points: places in the code at which a process kills or freezes itself, once, when told to by a file.

The product has no hooks. A process of a chaos run wraps the named functions before it serves (`install`); the runner
arms a point by making a file in the run's folder, and the first process that gets there dies, or stops until it is
told to go on.
"""

import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import db
from tests.support.routes import api_routes

BEFORE_COMMIT = "request: before COMMIT"
BEFORE_ANSWER = "request: after COMMIT, before the answer"
BEFORE_SEND = "relay: before a row is sent"
SENT_NOT_MARKED = "relay: Kafka has the rows, they are not marked"
MARKED = "relay: the rows are marked"
BEFORE_EFFECTS = "consumer: before the COMMIT of the effects"
EFFECTS_NOT_OFFSET = "consumer: after the COMMIT of the effects, before the offset is committed"
NOTED_NOT_OFFSET = "consumer of notifications: after the COMMIT of the effects, before the offset is committed"
OFFSET = "consumer: the offset is committed"
NOT_BEGUN = "due work: claimed, not begun"
CLAIMED = "sending: after the claim, before the socket opens"
ANSWER_NOT_RECORDED = "sending: the far end has answered, nothing is recorded"
BEFORE_RECORD = "sending: before the COMMIT of the answer"
LOOKED_UP = "looking up: the gateway has answered, nothing is recorded"
BOUNCE_TAKEN = "reports: a bounce is applied, but not acknowledged"

ALL = (
    BEFORE_COMMIT,
    BEFORE_ANSWER,
    BEFORE_SEND,
    SENT_NOT_MARKED,
    MARKED,
    BEFORE_EFFECTS,
    EFFECTS_NOT_OFFSET,
    NOTED_NOT_OFFSET,
    OFFSET,
    NOT_BEGUN,
    CLAIMED,
    ANSWER_NOT_RECORDED,
    BEFORE_RECORD,
    LOOKED_UP,
    BOUNCE_TAKEN,
)
WITH_A_LEASE = (NOT_BEGUN, CLAIMED, ANSWER_NOT_RECORDED, BEFORE_RECORD, LOOKED_UP)
"""Points at which a worker has due work in hand."""
WITH_THE_LEAD = (BEFORE_SEND, SENT_NOT_MARKED)
"""Points at which a relay has rows in hand."""


class Armed:
    """The fail points of one run that are armed, as files in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def arm(self, point: str) -> None:
        """Let the next process that reaches a point die there."""
        self._file(point).touch()

    def arm_frost(self, point: str) -> None:
        """Let the next process that reaches a point freeze there."""
        self._frozen(point).unlink(missing_ok=True)
        self._frost(point).touch()

    def disarm(self, point: str) -> bool:
        """Take it back; returns whether nobody has died of it yet."""
        return _removed(self._file(point))

    def disarm_frost(self, point: str) -> bool:
        """Take it back; returns whether nobody has frozen there yet."""
        return _removed(self._frost(point))

    def is_armed(self, point: str) -> bool:
        """Whether a point still waits for somebody to die."""
        return self._file(point).exists()

    def victim(self, point: str) -> int | None:
        """The process id of the last one that died there."""
        record = self._died(point)
        return int(record.read_text()) if record.exists() else None

    def frozen(self, point: str) -> int | None:
        """The process id of the one that froze there since the point was armed."""
        record = self._frozen(point)
        return int(record.read_text()) if record.exists() else None

    def reach(self, point: str) -> None:
        """Die or freeze here if the point is armed; of several processes only one does."""
        if self.disarm(point):
            _write_pid(self._died(point))
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # the signal is on its way
        if self.disarm_frost(point):
            _write_pid(self._frozen(point))
            os.kill(os.getpid(), signal.SIGSTOP)

    def _file(self, point: str) -> Path:
        return self._folder / f"{ALL.index(point)}.armed"

    def _died(self, point: str) -> Path:
        return self._folder / f"{ALL.index(point)}.died"

    def _frost(self, point: str) -> Path:
        return self._folder / f"{ALL.index(point)}.frost"

    def _frozen(self, point: str) -> Path:
        return self._folder / f"{ALL.index(point)}.frozen"


def _removed(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def _write_pid(record: Path) -> None:
    new = record.with_suffix(".new")
    new.write_text(str(os.getpid()))
    new.replace(record)


def install(armed: Armed) -> None:
    """Wrap the product's functions that no request waits for."""
    from services.notifications.reports.gateways import ReportHandler
    from services.notifications.sending.carrier import Carrier
    from services.notifications.sending.usecases import LookingUp, Sending
    from shared.applying import Applying
    from shared.consumer import Consumer
    from shared.lanes import Lane
    from shared.relay import Relay

    _wrap(Relay, "_send", armed, before=BEFORE_SEND)
    _wrap(Relay, "_wait", armed, after=SENT_NOT_MARKED)
    _wrap(Relay, "_mark", armed, after=MARKED, when=lambda relay, conn, rows: bool(rows))
    _wrap(Applying, "_react", armed, after=BEFORE_EFFECTS)
    _wrap(Consumer, "_commit", armed, before=EFFECTS_NOT_OFFSET, after=OFFSET)
    _wrap(Consumer, "_commit", armed, before=NOTED_NOT_OFFSET, when=_is_of_notifications)
    _wrap(Lane, "_begin", armed, before=NOT_BEGUN)
    _wrap(Carrier, "carry", armed, before=CLAIMED, after=ANSWER_NOT_RECORDED)
    _wrap(Sending, "finish", armed, after=BEFORE_RECORD)
    _wrap(LookingUp, "perform", armed, after=LOOKED_UP)
    _wrap(ReportHandler, "handle_DATA", armed, after=BOUNCE_TAKEN)


def _is_of_notifications(consumer: Any, *_: Any) -> bool:
    return bool(consumer._tools.name == "notifications")


def _wrap(
    owner: type,
    name: str,
    armed: Armed,
    before: str | None = None,
    after: str | None = None,
    when: Callable[..., bool] = lambda *_: True,
) -> None:
    """Put fail points before and after a method, for calls of a certain kind."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @wraps(original)
    async def wrapped(*arguments: Any, **options: Any) -> Any:
        counts = when(*arguments)
        if before and counts:
            armed.reach(before)
        result = await original(*arguments, **options)
        if after and counts:
            armed.reach(after)
        return result

    setattr(owner, name, wrapped)


def install_in_requests(app: FastAPI, armed: Armed) -> None:
    """Wrap the dependency that opens a request's transaction, wherever a route of an application takes it."""
    original = asynccontextmanager(db.transaction)

    async def transaction(request: Request) -> AsyncGenerator[AsyncConnection]:
        changes = request.method != "GET"
        async with original(request) as conn:
            yield conn
            if changes:
                armed.reach(BEFORE_COMMIT)
        if changes:
            armed.reach(BEFORE_ANSWER)

    for route in api_routes(app):
        for dependant in _all_of(route.dependant):
            if dependant.call is db.transaction:
                dependant.call = transaction


def _all_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for further in dependant.dependencies:
        yield from _all_of(further)
