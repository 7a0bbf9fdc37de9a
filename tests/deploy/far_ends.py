"""Helpers to run far ends, and the platform's side that listens to them."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from aiosmtpd.lmtp import LMTP
from fastapi import FastAPI, Request, Response

from deploy.local.far_ends import mail
from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.store import Store
from tests.support.wait import eventually

QUICK = Delays(slow=1, receipt=0.05, later=0.1, throttle=0.4)
SENDER = "bounces+7f3a@post.stadt.example"


def port_of(listening: socket.socket) -> int:
    """The port of a listening socket."""
    return int(listening.getsockname()[1])


def listen() -> socket.socket:
    """A socket on a free port."""
    return socket.create_server(("127.0.0.1", 0))


def letter(to: str, message: str = "7f3a", headers: dict[str, str] | None = None) -> EmailMessage:
    """A mail as the platform writes it."""
    mail = EmailMessage()
    mail["From"] = "Stadt Duisburg <post@stadt.example>"
    mail["To"] = to
    mail["Subject"] = "Ihr Termin"
    mail["Message-ID"] = f"<{message}@stadt.example>"
    mail["X-Nahbar-Message"] = message
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content("Ihr Termin: Montag, 9 Uhr.")
    return mail


@dataclass
class Listener:
    """The platform's listener for bounces; refuses the first `refusals` mails."""

    port: int = 0
    refusals: int = 0
    received: list[tuple[str | None, list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            self.refusals -= 1
            return "451 4.3.0 Not now"
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 OK"


@asynccontextmanager
async def listener(refusals: int = 0) -> AsyncIterator[Listener]:
    """A running listener for bounces."""
    sink = Listener(refusals=refusals)
    server = await asyncio.get_running_loop().create_server(lambda: LMTP(sink), sock=(listening := listen()))
    sink.port = port_of(listening)
    try:
        yield sink
    finally:
        server.close()


@asynccontextmanager
async def mail_server(folder: Path, reports_to: int) -> AsyncIterator[int]:
    """A mail server in this process; yields its port."""
    stop = asyncio.Event()
    store, listening = Store(folder), listen()
    serving = asyncio.create_task(mail.serve(store, listening, ("127.0.0.1", reports_to), QUICK, stop))
    try:
        yield port_of(listening)
    finally:
        stop.set()
        await serving
        store.close()


@contextmanager
def web_server(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    """An application served on a socket."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Hook:
    """The platform's webhook, or any other address that takes POST; answers 503 to the first `refusals`."""

    url: str
    refusals: int = 0
    received: list[tuple[httpx.Headers, bytes]] = field(default_factory=list)


@contextmanager
def hook(refusals: int = 0) -> Iterator[Hook]:
    """A running webhook."""
    listening = listen()
    sink = Hook(f"http://127.0.0.1:{port_of(listening)}/hook", refusals)
    app = FastAPI()

    @app.post("/hook")
    async def take(request: Request) -> Response:
        body = await request.body()
        if sink.refusals:
            sink.refusals -= 1
            return Response(status_code=503)
        sink.received.append((httpx.Headers(request.headers.raw), body))
        return Response()

    with web_server(app, listening):
        yield sink


@asynccontextmanager
async def process(*arguments: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A far end in a process of its own, once its port is open; killed at the end."""
    command = [sys.executable, "-m", "deploy.local.far_ends", *arguments, "--port", str(port)]
    running = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        await eventually(lambda: running.returncode is not None or _open(port))
        yield running
    finally:
        if running.returncode is None:
            os.kill(running.pid, signal.SIGKILL)
        await running.wait()


def _open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
