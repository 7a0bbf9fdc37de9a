"""What kind of failure an exception is."""

import asyncpg
import pytest

from shared.failures import Failure, classify
from shared.problems import NotFound


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.InterfaceError("connection is closed"), Failure.TRANSIENT),
        (asyncpg.InternalClientError("cannot switch to state 15"), Failure.TRANSIENT),
        (asyncpg.AdminShutdownError("terminating connection"), Failure.TRANSIENT),
        (asyncpg.UniqueViolationError("duplicate key"), Failure.UNKNOWN),
        (NotFound(), Failure.PERMANENT),
        (KeyError("name"), Failure.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_outages_pass_and_our_own_bugs_do_not(error: Exception, kind: Failure) -> None:
    assert classify(error) is kind
