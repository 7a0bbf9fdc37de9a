"""The statements a service executes, for tests that count them."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.statements import Query, Statement

Note = Callable[[str], None]


def note_statements(monkeypatch: pytest.MonkeyPatch, note: Note) -> None:
    """Tell of each statement, for the rest of a test, just before it is executed."""
    for owner, names in ((Statement, ("run", "run_each")), (Query, ("all", "first", "one"))):
        for name in names:
            monkeypatch.setattr(owner, name, _noted(getattr(owner, name), note))


def _noted(execute: Any, note: Note) -> Any:
    async def noted(statement: Statement, *given: Any) -> Any:
        note(statement.text)
        return await execute(statement, *given)

    return noted
