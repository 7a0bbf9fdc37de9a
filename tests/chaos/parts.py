"""The kinds of processes of a run: servers, far ends, and services with fail points."""

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx
import psutil

from deploy.local.processes import Child, listens, remembered_port
from deploy.local.stack import ROOT
from tests.chaos.breakages import BEFORE_IMPORT
from tests.support.browsing import PLAIN
from tests.support.forked import Forked, ForkedFarEnd

SLOW_ANSWER = 3
"""Seconds; longer than `notifications` waits."""


class Part(Protocol):
    """A process that can be started again after anything."""

    name: str

    @property
    def running(self) -> bool: ...

    @property
    def process(self) -> psutil.Process | None: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class ServiceProcess(Forked):
    """Services in a process of their own, with fail points."""

    def __init__(self, name: str, folder: Path, services: str, roles: str) -> None:
        super().__init__(name, folder)
        self.port = quiet_port(folder, name)
        self.environment: Mapping[str, str] = {}
        self.breakage = ""
        self.services = services.split(",")
        self._arguments = [services, roles, str(self.port), str(folder)]

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", "tests.chaos.launcher", *self._arguments, self.breakage]
        spawn = Child.spawn if self.breakage in BEFORE_IMPORT else Forked.spawn
        spawn(self, command, env={**os.environ, **self.environment}, cwd=ROOT)
        self.wait_until(lambda: listens(self.port), timeout=40)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        """Whether it reaches its database and Kafka."""
        try:
            return httpx.get(f"{self.address}/{self.services[0]}/health/ready", timeout=3, verify=PLAIN).is_success
        except httpx.HTTPError:
            return False


class FarEnds:
    """The mail server and the SMS gateway, and the ports they know of those who listen to their reports."""

    def __init__(self, folder: Path, webhook: int) -> None:
        self.folder = folder
        self.bounces = quiet_port(folder, "bounces")
        for name in ("mail", "web"):
            quiet_port(folder, name)
        delays = ["--slow", str(SLOW_ANSWER), "--later", "0.6", "--throttle", "1"]
        self.mail = ForkedFarEnd(folder, "mail", "--reports-to", f"127.0.0.1:{self.bounces}", *delays)
        hook = f"http://127.0.0.1:{webhook}/notifications/api/v1/receipts/sms"
        self.web = ForkedFarEnd(folder, "web", "--webhook", hook, "--receipt", "0.1", *delays)


def quiet_port(folder: Path, name: str) -> int:
    """A port below those the system gives to outgoing connections, so that nobody takes it while its owner is dead."""
    if (folder / f"{name}.port").exists():
        return remembered_port(folder, name, None)
    port = next(port for port in iter(lambda: random.randrange(12_000, 30_000), None) if not listens(port))
    return remembered_port(folder, name, port)
