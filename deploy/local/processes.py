"""Child processes of the laptop stack: recorded in its folder, so that after a crash the next start finds them."""

import contextlib
import itertools
import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

Progress = Callable[[str], None]

_LISTENING = range(10_000, 32_000)
"""Ports below those that systems give to outgoing connections (Linux: from 32,768; IANA: from 49,152)."""


class StackError(Exception):
    """Why the stack cannot run, in one sentence a newcomer can act on."""


class Child:
    """A process in a session of its own, known by process id and creation time.

    Args:
        name: names the record and the log file.
        folder: where both are kept.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._record = folder / f"{name}.process"
        self._started: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> psutil.Process | None:
        """The recorded process if it still runs; a process id used again by somebody else does not count."""
        try:
            record = json.loads(self._record.read_text())
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["created"]) < 0.01
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, KeyError, psutil.Error):
            return None

    @property
    def running(self) -> bool:
        return self.process is not None

    def spawn(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        """Start the process; its output goes to the log file."""
        with self.log.open("ab") as log:
            self._started = started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=cwd,
                user=user,
                start_new_session=True,
            )
        created = psutil.Process(started.pid).create_time()
        self._record.write_text(json.dumps({"pid": started.pid, "created": created}))

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Wait until the process is ready.

        Raises:
            StackError: it ended, or was not ready within `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise StackError(
                    f"{self.name} ended while it started; the reason is at the end of {self.log}.{self._hint()}"
                )
            if time.monotonic() > end:
                raise StackError(f"{self.name} was not ready after {timeout:.0f} seconds; see {self.log}.")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout: float = 15) -> None:
        """End the process, kindly; one that does not listen is killed."""
        process = self.process
        if process is None:
            return
        with contextlib.suppress(psutil.Error):
            process.resume()
            process.send_signal(how)
            try:
                process.wait(timeout)
            except psutil.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """kill -9, children included."""
        process = self.process
        if process is not None:
            with contextlib.suppress(psutil.Error):
                family = [process, *process.children(recursive=True)]
                for member in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        member.kill()
                psutil.wait_procs(family, timeout=5)

    def pause(self) -> None:
        """Freeze the process and its children (SIGSTOP)."""
        self._each("suspend")

    def resume(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self._each("resume")

    def _each(self, action: str) -> None:
        process = self.process
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                for member in [process, *process.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        getattr(member, action)()

    def _hint(self) -> str:
        """What the log says in a way we know."""
        end = self.log.read_text(errors="replace")[-20_000:] if self.log.exists() else ""
        if "No space left on device" in end:
            return " The disk is full."
        if "Address already in use" in end or "BindException" in end:
            return " Its port is taken by another program."
        return ""


_in_turn = itertools.count(secrets.randbelow(len(_LISTENING)))


def free_port() -> int:
    """A port nobody listens on at the moment, and that the system gives to no outgoing connection meanwhile.

    No port is given twice before all others were: the first to ask may not listen on it yet.
    """
    while True:
        port = _LISTENING[next(_in_turn) % len(_LISTENING)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    """Whether somebody listens on a local port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stays_taken(port: int, patience: float = 2.0) -> bool:
    """Whether somebody listens on a local port and goes on doing so; a killed process lets go of it after a moment."""
    end = time.monotonic() + patience
    while listens(port):
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    return False


def remembered_port(folder: Path, name: str, wanted: int | None) -> int:
    """The port a part of the stack uses: the one wanted, else the one it had before, else a free one."""
    file = folder / f"{name}.port"
    port = wanted or (int(file.read_text()) if file.exists() else free_port())
    file.write_text(str(port))
    return port
