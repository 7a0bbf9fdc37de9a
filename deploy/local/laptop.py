"""The whole platform on one machine: the stack, the simulated far ends, and all services on one port."""

import asyncio
import os
import sys
import time
from pathlib import Path

import httpx

from deploy import operations
from deploy.local.far_ends.store import CLOCK
from deploy.local.far_ends.web import DEVELOPMENT_SECRET
from deploy.local.far_ends.webhook import INBOUND_NUMBER
from deploy.local.processes import Child, Progress, StackError, remembered_port, stays_taken
from deploy.local.stack import ROOT, FarEnd, Stack
from deploy.services import MANIFESTS
from shared.settings import SERVICES

FOLDER = ROOT / ".nahbar"
PARTITIONS = 3
REPLY_NUMBER = INBOUND_NUMBER
"""Where the simulated gateways take replies: a number kept free for films (BNetzA, Mitteilung 148/2021)."""


class Laptop:
    """Everything, in one folder.

    Args:
        folder: keeps all data.
        port: where pages and APIs are served.
    """

    def __init__(self, folder: Path = FOLDER, port: int = 8000) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self.clock_file = folder / CLOCK
        self._port = port
        bounces = remembered_port(folder, "bounces", None)
        self.stack = Stack(folder)
        self.mail = FarEnd(folder, "mail", "--reports-to", f"127.0.0.1:{bounces}")
        receipts = f"{self.address}/notifications/api/v1/receipts/sms"
        self.web = FarEnd(
            folder,
            "web",
            *("--webhook", receipts),
            *("--second-webhook", f"{receipts}/second"),
            *("--clock-file", str(self.clock_file)),
        )
        self.stack.far_ends = [self.mail, self.web]
        self.services = Child("services", folder)
        self.environment = {
            "NAHBAR_KAFKA": self.stack.bootstrap,
            "NAHBAR_POSTGRES": self.stack.url,
            "NAHBAR_PARTITIONS": str(PARTITIONS),
            "NAHBAR_PUBLIC_URL": self.address,
            "NAHBAR_CLOCK_FILE": str(self.clock_file),
            "NAHBAR_OIDC_ISSUER": f"http://127.0.0.1:{self.web.port}/issuer",
            "APPOINTMENTS_UNLIMITED_NETWORKS": '["127.0.0.0/8"]',
            "NOTIFICATIONS_UNLIMITED_NETWORKS": '["127.0.0.0/8"]',
            "APPOINTMENTS_VIDEO_URL": f"http://127.0.0.1:{self.web.port}/video",
            "NOTIFICATIONS_SMTP_PORT": str(self.mail.port),
            "NOTIFICATIONS_SMS_URL": f"http://127.0.0.1:{self.web.port}/sms",
            "NOTIFICATIONS_SMS_REPLY_NUMBER": REPLY_NUMBER,
            "NOTIFICATIONS_SECOND_SMS_URL": f"http://127.0.0.1:{self.web.port}/second-sms",
            "NOTIFICATIONS_SECOND_SMS_KEY": DEVELOPMENT_SECRET,
            "NOTIFICATIONS_SECOND_SMS_WEBHOOK_KEY": DEVELOPMENT_SECRET,
            "NOTIFICATIONS_SECOND_SMS_REPLY_NUMBER": REPLY_NUMBER,
            "NOTIFICATIONS_BOUNCE_PORT": str(bounces),
        }

    def start(self, progress: Progress) -> None:
        """Start everything and wait until it is ready; a second start takes up where the last one ended.

        Raises:
            StackError: why it cannot, in one sentence.
        """
        self.stack.claim_folder()
        self.services.stop()
        if stays_taken(self._port):
            raise StackError(f"Port {self._port} is taken by another program; choose one with --port.")
        self.stack.start(progress)
        os.environ.update(self.environment)
        progress("Preparing databases, topics and the city")
        asyncio.run(operations.prepare())
        progress("Starting the services")
        command = [sys.executable, "-m", "deploy.cli", "serve", "--port", str(self._port), "--inbox", str(self.folder)]
        self.services.spawn(command, env={**os.environ, **self.environment}, cwd=ROOT)
        self.services.wait_until(self._ready, timeout=60)

    def stop(self) -> None:
        """Stop everything in order; the data stay. What another Nahbar runs in the folder is left alone."""
        if self.stack.owns_folder:
            self.services.stop(timeout=25)
            self.stack.stop()

    def addresses(self) -> dict[str, str]:
        """What there is to open, by what it shows."""
        return {
            **{task.title["en"]: f"{self.address}{task.path}" for each in MANIFESTS for task in each.tasks},
            "Pages for staff": f"{self.address}/appointments/staff/",
            "What citizens received": f"{self.address}/inbox/",
            **{f"API of {name}": f"{self.address}/{name}/api/docs" for name in SERVICES},
        }

    def _ready(self) -> bool:
        try:
            states = [
                httpx.get(f"{self.address}/{service}/health/ready", timeout=3).status_code for service in SERVICES
            ]
        except httpx.HTTPError:
            return False
        ready = set(states) == {200}
        if not ready:
            time.sleep(0.2)
        return ready
