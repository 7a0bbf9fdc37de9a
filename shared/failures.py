"""What kind of failure an exception is: will waiting help, is the input at fault, or are we?"""

from enum import StrEnum

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.problems import Problem

_TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "55P03", "25P03")
"""Connection, rollback (deadlock), resources, operator intervention, lock timeout, idle in transaction timeout."""
_WRONG_VALUE = "22"
"""What no column of that kind takes, whether the server says so or asyncpg before it sends the value."""
_NOT_TEXT = "22021"
_MOST_MISTAKES = 20

# asyncpg says "internal" of a connection whose server died at a certain moment.
_AWAY = (asyncpg.InterfaceError, asyncpg.InternalClientError)


class Failure(StrEnum):
    """Transient: wait and try again. Permanent: the input breaks a rule. Unknown: most likely our own bug."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


class WillPass(Exception):
    """A failure that is known to pass: wait and try again."""


def classify(error: BaseException) -> Failure:
    """Sort an exception into one of the three kinds."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError)):
            return Failure.TRANSIENT
        return _of_sqlstate(getattr(error.orig, "sqlstate", None))
    if isinstance(error, asyncpg.PostgresError):
        return _of_sqlstate(error.sqlstate)
    if isinstance(error, (*_AWAY, WillPass, OSError, TimeoutError, PoolTimeout, KafkaError)):
        return Failure.TRANSIENT
    if isinstance(error, (Problem, ValidationError)):
        return Failure.PERMANENT
    return Failure.UNKNOWN


def _of_sqlstate(sqlstate: str | None) -> Failure:
    if (sqlstate or "").startswith(_TRANSIENT_SQLSTATES):
        return Failure.TRANSIENT
    return Failure.PERMANENT if (sqlstate or "").startswith(_WRONG_VALUE) else Failure.UNKNOWN


def is_not_text(error: Exception) -> bool:
    """Whether the database refused a character that no text can hold, such as NUL."""
    return _NOT_TEXT in (getattr(error, "sqlstate", None), getattr(getattr(error, "orig", None), "sqlstate", None))


def without_input(error: Exception) -> str:
    """What went wrong, in words that hold none of the values, which may be personal data."""
    if isinstance(error, ValidationError):
        if error.error_count() > _MOST_MISTAKES:  # to list them would take seconds
            return f"{type(error).__name__}: {error.error_count()} mistakes"
        details = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors())
        return f"{type(error).__name__}: {details}"
    return type(error).__name__
