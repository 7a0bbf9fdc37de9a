"""The laptop stack: PostgreSQL, Kafka and the simulated far ends, in one folder, started once."""

import fcntl
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.processes import Child, Progress, StackError, listens, remembered_port, stays_taken

ROOT = Path(__file__).parent.parent.parent


class FarEnd(Child):
    """A simulated far end in a process of its own.

    Args:
        kind: `mail` (the mail server) or `web` (SMS gateway and identity issuer).
        options: further command line options.
    """

    def __init__(self, folder: Path, kind: str, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(kind, folder)
        self._folder = folder
        self._options = options
        self.port = remembered_port(folder, kind, None)

    def start(self, progress: Progress = lambda _: None, timeout: float = 20) -> None:
        """Start it, or keep the one that still runs."""
        if self.running and listens(self.port):
            return
        self.kill()
        if stays_taken(self.port):
            raise StackError(f"Port {self.port}, which the simulated {self.name} needs, is taken by another program.")
        progress(f"Starting the simulated far end for {self.name}")
        module = [sys.executable, "-m", "deploy.local.far_ends", self.name]
        self.spawn([*module, "--folder", str(self._folder), "--port", str(self.port), *self._options], cwd=ROOT)
        self.wait_until(lambda: listens(self.port), timeout)


class Stack:
    """Everything the platform needs around it, on this machine.

    `NAHBAR_KAFKA` and `NAHBAR_POSTGRES` name servers that run already; those are then not started here.

    Args:
        folder: keeps all data; one folder is one running stack.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock: IO[Any] | None = None
        self.kafka = None if os.environ.get("NAHBAR_KAFKA") else Kafka(folder)
        self.postgres = None if os.environ.get("NAHBAR_POSTGRES") else Postgres(folder)
        self.far_ends: list[FarEnd] = []

    @property
    def bootstrap(self) -> str:
        """Kafka's bootstrap servers."""
        return self.kafka.bootstrap if self.kafka else os.environ["NAHBAR_KAFKA"]

    @property
    def url(self) -> str:
        """PostgreSQL's URL without a database."""
        return self.postgres.url if self.postgres else os.environ["NAHBAR_POSTGRES"]

    def start(self, progress: Progress = lambda _: None) -> None:
        """Start what does not run yet, side by side; what a crashed start left behind is adopted or ended.

        Raises:
            StackError: something cannot start, or another stack uses the folder.
        """
        self.claim_folder()
        parts: list[Callable[..., None]] = [part.start for part in (self.postgres, self.kafka, *self.far_ends) if part]
        with ThreadPoolExecutor(max_workers=max(1, len(parts))) as pool:
            for started in [pool.submit(part, progress) for part in parts]:
                started.result()

    def stop(self) -> None:
        """Stop everything in reverse order; nothing if this stack never had the folder to itself."""
        if self._lock is None:
            return
        for part in reversed([part for part in (self.postgres, self.kafka, *self.far_ends) if part]):
            part.stop()
        self._lock.close()
        self._lock = None

    @property
    def owns_folder(self) -> bool:
        """Whether the folder is claimed by this stack."""
        return self._lock is not None

    def claim_folder(self) -> None:
        """Keep others out of the folder until `stop`; raises StackError if somebody else has it."""
        if self._lock is not None:
            return
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise StackError(f"Another Nahbar already runs in {self.folder}; stop it first.") from None
        self._lock = lock
