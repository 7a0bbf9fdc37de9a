"""What kind of failure an exception is."""

from typing import Any

import asyncpg
import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text

from shared.failures import Failure, classify, without_input
from shared.problems import NotFound
from shared.service import Service
from shared.statements import Statement
from tests.shared.conftest import Bench


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.InterfaceError("connection is closed"), Failure.TRANSIENT),
        (asyncpg.InternalClientError("cannot switch to state 15"), Failure.TRANSIENT),
        (asyncpg.AdminShutdownError("terminating connection"), Failure.TRANSIENT),
        (asyncpg.UniqueViolationError("duplicate key"), Failure.UNKNOWN),
        (NotFound(), Failure.PERMANENT),
        (asyncpg.CharacterNotInRepertoireError("invalid byte sequence"), Failure.PERMANENT),
        (asyncpg.NumericValueOutOfRangeError("out of range"), Failure.PERMANENT),
        (KeyError("name"), Failure.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_outages_pass_and_our_own_bugs_do_not(error: Exception, kind: Failure) -> None:
    assert classify(error) is kind


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
    service = Service(bench.settings)
    named = f"select cast(:value as {type})"
    for attempt in (lambda conn: conn.execute(text(named), {"value": value}), lambda conn: _past(conn, named, value)):
        with pytest.raises(Exception) as refused:
            async with service.db.transaction() as conn:
                await attempt(conn)
        assert classify(refused.value) is Failure.PERMANENT
    await service.db.close()


async def _past(conn: Any, sql: str, value: object) -> None:
    await Statement(sql).row(conn, {"value": value})
