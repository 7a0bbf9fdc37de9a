"""A second PostgreSQL server that follows the first, and takes over when told."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from deploy.local.postgres import Postgres


class Standby(Postgres):
    """A streaming replica of another server.

    Args:
        folder: keeps its data, port and log.
        primary: the server it copies, running.
    """

    def __init__(self, folder: Path, primary: Postgres) -> None:
        super().__init__(folder)
        self._primary = urlsplit(primary.url)
        self._password_file.write_text(str(self._primary.password))

    async def promote(self) -> None:
        """Make it a server that can write."""
        await ask(self.url, "select pg_promote()")

    def _init(self, programs: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if self._user:
            user = pwd.getpwnam(self._user)
            os.chown(self._data, user.pw_uid, user.pw_gid)
        command = [str(programs / "pg_basebackup"), "-D", str(self._data), "-d", self._primary.geturl()]
        done = subprocess.run(
            [*command, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
            capture_output=True,
            text=True,
            user=self._user,
            cwd="/",
            check=False,
        )
        assert done.returncode == 0, done.stderr


async def ask(url: str, *statements: str) -> Any:
    """What a server answers to the last of these statements, each in a transaction of its own."""
    conn = await asyncpg.connect(url if urlsplit(url).path else f"{url}/postgres", timeout=10, command_timeout=30)
    try:
        for statement in statements:
            answer = await conn.fetchval(statement)
        return answer
    finally:
        await conn.close()


def together(*servers: Postgres) -> str:
    """One URL, without a database, that names several servers."""
    first = urlsplit(servers[0].url)
    hosts = ",".join(urlsplit(each.url).netloc.rpartition("@")[2] for each in servers)
    return f"postgresql://{first.username}:{first.password}@{hosts}"
