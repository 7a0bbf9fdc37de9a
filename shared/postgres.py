"""PostgreSQL: a session at the server that can write, and transactions that are begun and committed without guessing.

Servers change: one dies and its standby is promoted, one is made read-only before a move, one is restored. A session is
of use only while its server can write, and "committed" is said only of what no such change takes back.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from shared.failures import WillPass

CONNECT_LIMIT = 5.0
"""Seconds to open a session, shared by the servers that are tried for it."""
BEGIN_LIMIT = 5.0
COMMIT_LIMIT = 15.0
"""Seconds. A commit takes long only where it waits for a standby; what became of it is unknown afterwards."""

_REFUSALS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""A session that cannot be opened is never the fault of what it was wanted for, whatever the server says."""


class NoServer(WillPass):
    """None of the servers opened a session that can write; says of each what it answered."""


class ReadOnly(WillPass):
    """The session's server cannot write any more."""


class NotReplicated(WillPass):
    """Committed, but the wait for the standby was cut short: a switch-over may take it back."""


class RolledBack(Exception):
    """The server undid a transaction that was to be committed, because something in it had failed unnoticed."""


async def connect(url: str, **settings: Any) -> Any:
    """Open a session at the first of the URL's servers that can write.

    asyncpg knows such URLs too, but shares one time limit among all servers and stops at the first that refuses: one
    that swallows packets, or has no connection left, would hide the others.

    Args:
        url: `postgresql://user:password@host:port,host:port/database`, with one server or several.
        settings: further arguments of `asyncpg.connect`.

    Raises:
        NoServer: there is none.
        ClientConfigurationError: the URL, or a setting, means nothing to asyncpg; no server was asked.
    """
    servers = servers_of(url)
    refusals: list[str] = []
    cause: Exception | None = None
    for server in servers:
        try:
            return await asyncpg.connect(
                server, timeout=CONNECT_LIMIT / len(servers), target_session_attrs="read-write", **settings
            )
        except asyncpg.exceptions.ClientConfigurationError:
            raise
        except _REFUSALS as error:
            cause = error
            read_only = isinstance(error, asyncpg.TargetServerAttributeNotMatched)
            reason = "read only" if read_only else type(error).__name__
            refusals.append(f"{urlsplit(server).netloc.rpartition('@')[2]}: {reason}")
    raise NoServer(", ".join(refusals)) from cause


def servers_of(url: str) -> Sequence[str]:
    """An URL for each server that an URL names."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{user}{at}{host}").geturl() for host in hosts.split(",")]


def database_of(url: str) -> str:
    """The name of the database that an URL names."""
    return unquote(urlsplit(url).path[1:])


def with_database(url: str, name: str) -> str:
    """The URL of another database on the same servers."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def can_write(session: Any) -> bool:
    """Whether the session's server can write, as the server said with its last answer."""
    settings = session.get_settings()
    return all(getattr(settings, each, "off") == "off" for each in ("in_hot_standby", "default_transaction_read_only"))


async def begin(session: Any) -> None:
    """Begin a transaction.

    Raises:
        ReadOnly: it could only read.
    """
    await session.execute("BEGIN", timeout=BEGIN_LIMIT)
    if not can_write(session):
        raise ReadOnly("the server can only read")


async def commit(session: Any) -> None:
    """Commit the open transaction; a session whose commit failed or was cancelled must be terminated at once.

    A server with a synchronous standby answers once the standby has it. Meanwhile nobody else sees the transaction:
    but if the wait is cancelled, it is committed where it is, and everybody sees what a switch-over may take back.
    asyncpg cancels on the server what was cancelled or took too long here, unless the session is terminated before:
    then it is left alone with its wait.

    Raises:
        NotReplicated: somebody else cut the wait short.
        RolledBack: the server did not commit.
        TimeoutError: it is unknown whether it will be committed.
    """
    warnings: list[Any] = []

    def warned(_: Any, message: Any) -> None:
        warnings.extend([message] if message.severity_en == "WARNING" else [])

    session.add_log_listener(warned)
    try:
        answer = await session.execute("COMMIT", timeout=COMMIT_LIMIT)
    finally:
        session.remove_log_listener(warned)
    if answer != "COMMIT":
        raise RolledBack
    if warnings:
        raise NotReplicated(warnings[0].sqlstate)
