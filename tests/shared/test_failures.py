"""What kind of failure an exception is, and whether the session that failed so can be used again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError

from shared.db import driver_of
from shared.failures import Failure, classify, ends_session, without_input
from shared.postgres import NoServer, NotReplicated, ReadOnly, connect
from shared.problems import NotFound
from shared.statements import Statement
from shared.tools import Tools
from tests.shared.kit import Bench

_DBAPI = PGDialect_asyncpg.import_dbapi()  # type: ignore[no-untyped-call]

AWAY = [
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15"),
    asyncpg.TargetServerAttributeNotMatched("read-write"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.ProtocolViolationError("server login has been failing"),
    asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"),
    asyncpg.InvalidSQLStatementNameError('prepared statement "__asyncpg_stmt_1__" does not exist'),
    asyncpg.InvalidCachedStatementError("cached plan must not change result type"),
    asyncpg.InvalidAuthorizationSpecificationError("no pg_hba.conf entry"),
    asyncpg.InvalidPasswordError("password authentication failed"),
    asyncpg.InvalidCatalogNameError('database "nahbar" does not exist'),
    asyncpg.InsufficientResourcesError("insufficient resources"),
    asyncpg.DiskFullError("could not extend file"),
    asyncpg.OutOfMemoryError("out of memory"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.ConfigurationLimitExceededError("temporary file size exceeds temp_file_limit"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.DatabaseDroppedError("terminating connection"),
    asyncpg.IdleSessionTimeoutError("terminating connection"),
    asyncpg.PostgresSystemError("could not read file"),
    asyncpg.PostgresIOError("could not fsync file"),
    asyncpg.UndefinedFileError("could not open file"),
]
BUSY = [
    asyncpg.SerializationError("could not serialize access"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    asyncpg.ObjectInUseError("database is being accessed by other users"),
    asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
]
MISUSED = [
    asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    asyncpg.InterfaceError("cannot call Transaction.commit(): the transaction is already committed"),
    asyncpg.exceptions.ClientConfigurationError("invalid DSN"),
    asyncpg.exceptions.UnsupportedClientFeatureError("custom codecs on domain types are not supported"),
]
OURS = [
    *MISUSED,
    asyncpg.UniqueViolationError("duplicate key"),
    asyncpg.InFailedSQLTransactionError("current transaction is aborted"),
    asyncpg.FeatureNotSupportedError("cannot use a volatile function"),
    asyncpg.UndefinedTableError("relation does not exist"),
    asyncpg.InsufficientPrivilegeError("permission denied"),
    asyncpg.StatementTooComplexError("stack depth limit exceeded"),
    asyncpg.InternalServerError("cache lookup failed"),
    asyncpg.DataCorruptedError("invalid page in block 7"),
    asyncpg.IndexCorruptedError("index is broken"),
]
WRONG = [
    asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
    asyncpg.NumericValueOutOfRangeError("out of range"),
    asyncpg.exceptions._base.DataError("value out of int32 range"),
]


def name_of(value: object) -> str:
    return type(value).__name__


def wrapped(error: Exception) -> DBAPIError:
    """The error as SQLAlchemy raises it."""
    translations = _DBAPI._asyncpg_error_translate
    kind = next(translations[each] for each in type(error).__mro__ if each in translations)
    translated = kind(str(error), error)
    translated.__cause__ = error
    return DBAPIError("select 1", None, translated)


@pytest.mark.parametrize("error", AWAY, ids=name_of)
def test_a_server_that_is_away_passes_and_its_session_is_over(error: Exception) -> None:
    for each in (error, wrapped(error)):
        assert (classify(each), ends_session(each)) == (Failure.TRANSIENT, True)


@pytest.mark.parametrize("error", BUSY, ids=name_of)
def test_contention_passes_and_its_session_goes_on(error: Exception) -> None:
    for each in (error, wrapped(error)):
        assert (classify(each), ends_session(each)) == (Failure.TRANSIENT, False)


@pytest.mark.parametrize("error", OURS, ids=name_of)
def test_what_was_asked_wrongly_does_not_pass_and_its_session_goes_on(error: Exception) -> None:
    for each in (error, wrapped(error)):
        assert (classify(each), ends_session(each)) == (Failure.UNKNOWN, False)


@pytest.mark.parametrize("error", WRONG, ids=name_of)
def test_a_value_no_column_takes_does_not_pass_and_its_session_goes_on(error: Exception) -> None:
    for each in (error, wrapped(error)):
        assert (classify(each), ends_session(each)) == (Failure.PERMANENT, False)


def test_a_connection_that_sqlalchemy_found_lost_passes() -> None:
    assert classify(DBAPIError("select 1", None, Exception(), connection_invalidated=True)) is Failure.TRANSIENT


@pytest.mark.parametrize("error", [NoServer("db1: read only"), ReadOnly(), NotReplicated(), OSError()], ids=name_of)
def test_our_own_words_for_it_pass(error: Exception) -> None:
    assert classify(error) is Failure.TRANSIENT


def test_refusals_are_permanent_and_our_own_bugs_unknown() -> None:
    assert classify(NotFound()) is Failure.PERMANENT
    assert classify(KeyError("name")) is Failure.UNKNOWN


def test_logs_say_which_server_refused_and_nothing_of_values() -> None:
    assert without_input(NoServer("db1:5432: read only")) == "NoServer: db1:5432: read only"
    assert without_input(KeyError("anna@example.org")) == "KeyError"


def test_of_a_great_many_mistakes_only_the_number_is_told() -> None:
    numbers = TypeAdapter(dict[str, int])
    for count, told in ((2, "ValidationError: a0: int_parsing; a1: int_parsing"), (21, "ValidationError: 21 mistakes")):
        with pytest.raises(ValidationError) as refused:
            numbers.validate_python({f"a{number}": "x" for number in range(count)})
        assert without_input(refused.value) == told


@pytest.mark.parametrize(
    ("type", "value"), [("int", 2**40), ("text", "a\x00b"), ("timestamptz", "no time"), ("smallint", 2**70)]
)
async def test_a_value_no_column_takes_is_the_inputs_fault_whichever_way_the_statement_went(
    bench: Bench, type: str, value: object
) -> None:
    """asyncpg refuses most of these before they reach the server."""
    tools = Tools(bench.settings)
    named = f"select cast(:value as {type})"
    for attempt in (lambda conn: conn.execute(text(named), {"value": value}), lambda conn: _past(conn, named, value)):
        with pytest.raises(Exception) as refused:
            async with tools.db.transaction() as conn:
                await attempt(conn)
        assert classify(refused.value) is Failure.PERMANENT
    await tools.db.close()


async def _too_many_arguments(session: Any) -> None:
    await session.fetch("select $1::int", 1, 2)


async def _two_at_once(session: Any) -> None:
    await asyncio.gather(session.fetch("select pg_sleep(0.1)"), session.fetch("select 1"))


async def _after_its_end(session: Any) -> None:
    session.terminate()
    await session.fetch("select 1")


async def _ended_by_the_server(session: Any) -> None:
    with suppress(asyncpg.AdminShutdownError):
        await session.fetch("select pg_terminate_backend(pg_backend_pid())")
    await session.fetch("select 1")


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (_too_many_arguments, Failure.UNKNOWN),
        (_two_at_once, Failure.UNKNOWN),
        (_after_its_end, Failure.TRANSIENT),
        (_ended_by_the_server, Failure.TRANSIENT),
    ],
)
async def test_a_session_used_wrongly_is_our_bug_and_one_that_is_gone_passes(
    bench: Bench, use: Callable[[Any], Awaitable[None]], kind: Failure
) -> None:
    tools = Tools(bench.settings)
    with pytest.raises(Exception) as refused:
        async with tools.db.transaction() as conn:
            await use(driver_of(conn))
    assert classify(refused.value) is kind, repr(refused.value)
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select 1"))).scalar_one() == 1
    await tools.db.close()


@pytest.mark.parametrize("url", ["mysql://x@127.0.0.1:9/nahbar", "postgresql://x@127.0.0.1:9/nahbar?sslmode=maybe"])
async def test_an_url_that_means_nothing_is_no_server_that_is_away(url: str) -> None:
    with pytest.raises(asyncpg.exceptions.ClientConfigurationError) as refused:
        await connect(url)
    assert classify(refused.value) is Failure.UNKNOWN


async def _past(conn: Any, sql: str, value: object) -> None:
    await Statement(sql).run(conn, {"value": value})
