"""What kind of failure an exception is: will waiting help, is the input at fault, or are we?"""

from enum import StrEnum

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.problems import Problem

_NOT_HERE_NOT_NOW = (
    "08",  # connection
    "25006",  # read only: a standby, or a server that another takes over from
    "25P03",  # a transaction was idle for too long
    "25P04",  # a transaction took too long
    "26",  # unknown prepared statement: another server answers than the one that prepared it
    "28",  # not let in: while a password is changed, or before the roles are restored
    "3D000",  # no such database: while it is restored
    "40",  # rolled back, such as by a deadlock
    "53",  # resources: disk, memory, connections
    "55006",  # object in use
    "55P03",  # lock timeout
    "57",  # operator intervention: shut down, starting up, cancelled, dropped
    "58",  # the server's machine
)
"""Classes and codes by which PostgreSQL says that waiting, or another server, will help.

Internal errors (XX) are not among them: a broken index concerns the rows it is asked for, and must not stop the rest.
Neither is 25P02 (went on after a failure): sessions are never handed on in a transaction, so the code is at fault.
"""
_SESSION_GOES_ON = ("40", "55006", "55P03", "57014")
_WRONG_VALUE = "22"
"""What no column of that kind takes."""
_NO_SUCH_VALUE = asyncpg.exceptions._base.DataError  # noqa: SLF001 - the one with a public name is the server's
_NOT_TEXT = "22021"
_GONE = "connection is closed"
_MOST_MISTAKES = 20


class Failure(StrEnum):
    """Transient: wait and try again. Permanent: the input breaks a rule. Unknown: most likely our own bug."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


class WillPass(Exception):
    """A failure that is known to pass: wait and try again. Its words hold no personal data."""


def classify(error: BaseException) -> Failure:
    """Sort an exception into one of the three kinds."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Failure.TRANSIENT
    error = _beneath(error)
    if _is_of_the_database(error) or isinstance(error, (WillPass, OSError, PoolTimeout, KafkaError)):
        return Failure.TRANSIENT
    if isinstance(error, (Problem, ValidationError)) or _is_wrong_value(error):
        return Failure.PERMANENT
    return Failure.UNKNOWN


def ends_session(error: BaseException) -> bool:
    """Whether the session with the database that failed so should not be used again."""
    error = _beneath(error)
    sqlstate = getattr(error, "sqlstate", None) or ""
    return isinstance(error, OSError) or (_is_of_the_database(error) and not sqlstate.startswith(_SESSION_GOES_ON))


def _beneath(error: BaseException) -> BaseException:
    """asyncpg's error, where SQLAlchemy translated it and wrapped the translation."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _is_of_the_database(error: BaseException) -> bool:
    """Whether the database is to blame, as opposed to what it was asked."""
    if isinstance(error, asyncpg.PostgresError):
        stale = isinstance(error, asyncpg.InvalidCachedStatementError)  # a migration changed a table meanwhile
        return stale or (error.sqlstate or "").startswith(_NOT_HERE_NOT_NOW)
    # asyncpg says "internal" of a connection whose server died at a certain moment. Of its own interface it is most
    # often used wrongly, such as with too few arguments or by two tasks at once; or the connection is gone.
    gone = isinstance(error, asyncpg.InterfaceError) and _GONE in str(error)
    return gone or isinstance(error, asyncpg.InternalClientError)


def _is_wrong_value(error: BaseException) -> bool:
    """Whether no column takes a value, as the server says, or asyncpg before it sends it."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_WRONG_VALUE)
    return isinstance(error, _NO_SUCH_VALUE)


def is_not_text(error: Exception) -> bool:
    """Whether the database refused a character that no text can hold, such as NUL."""
    return _NOT_TEXT in (getattr(error, "sqlstate", None), getattr(getattr(error, "orig", None), "sqlstate", None))


def lacks_tables(error: Exception) -> bool:
    """Whether the database has not the tables, or the columns, that were asked for."""
    return isinstance(_beneath(error), (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError))


def without_input(error: Exception) -> str:
    """What went wrong, in words that hold none of the values, which may be personal data."""
    if isinstance(error, ValidationError):
        if error.error_count() > _MOST_MISTAKES:  # to list them would take seconds
            return f"{type(error).__name__}: {error.error_count()} mistakes"
        details = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors())
        return f"{type(error).__name__}: {details}"
    return f"{type(error).__name__}: {error}" if isinstance(error, WillPass) else type(error).__name__
