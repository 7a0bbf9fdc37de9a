"""Kept pages: what opens one is its address and its session together, and none of it stands in the database."""

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

from shared.web.kept import KeptPage, _lock

PATH = "/appointments/links"


def request(path: str = PATH, session: str = "", app: Any = None) -> Request:
    cookie = (b"cookie", f"nahbar-staff-session={session}".encode())
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [cookie], "app": app}
    return Request(scope)


def test_neither_name_nor_key_can_be_had_without_token_address_and_session() -> None:
    others = [("one", request()), ("two", request()), ("one", request(f"{PATH}/x")), ("one", request(session="s"))]
    locks = [_lock(each, token) for token, each in others]
    names = {bytes.fromhex(name) for name, _ in locks}
    keys = {bytes(box) for _, box in locks}
    assert len(names) == len(keys) == len(others)
    assert not names & keys, "the name stands in the database"


@pytest.mark.parametrize("away", [True, False])
async def test_only_a_database_that_is_away_is_no_reason_to_fail(away: bool) -> None:
    @asynccontextmanager
    async def transaction() -> Any:
        raise OperationalError("x", {}, ConnectionError()) if away else KeyError
        yield

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    tools = SimpleNamespace(db=SimpleNamespace(transaction=transaction))
    asked = request(app=SimpleNamespace(state=SimpleNamespace(tools=tools)))
    page = KeptPage("typed", 422)
    if away:
        await page(asked.scope, asked.receive, send)
        assert (sent[0]["status"], sent[1]["body"]) == (422, b"typed")
    else:
        with pytest.raises(KeyError):
            await page(asked.scope, asked.receive, send)
        assert sent == []
