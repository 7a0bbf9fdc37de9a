"""What of the city's data nobody has confirmed: the operator's check, and production's log."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message
from structlog.testing import CapturingLogger
from typer.testing import CliRunner

from deploy import serve
from deploy.cli import app
from deploy.serve import platform_app
from shared import city as city_data
from shared.city import City
from shared.runtime import Role
from shared.settings import Platform
from tests.docs.kit import production

CITY = City.load("duisburg")


def test_the_check_names_what_is_missing_unchecked_unread_or_an_example() -> None:
    mitte = CITY.station("mitte")
    assert mitte
    found = CITY.model_copy(
        update={
            "stations": [mitte, mitte.model_copy(update={"key": "neu", "address": None})],
            "unchecked": ["stations.mitte.address"],
            "reviews": {"tr": None},
            "examples": ["services"],
            "parts": {"ferry": '{"unchecked": ["piers"], "examples": ["times"]}'},
        }
    ).unconfirmed
    assert found == [
        ("missing", "stations.neu.address"),
        ("unchecked", "stations.mitte.address"),
        ("unchecked", "ferry.piers"),
        ("unread translation", "services.names.tr"),
        ("example", "services"),
        ("example", "ferry.times"),
    ]


def test_the_command_shows_each_path_and_fails_while_there_is_one() -> None:
    answer = CliRunner().invoke(app, ["check-city"])
    assert answer.exit_code == 1
    assert all(path in answer.output for _, path in CITY.unconfirmed)


@pytest.mark.parametrize("environment", ["production", "development"])
async def test_production_says_at_its_start_in_one_line_what_is_not_confirmed(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in production("appointments").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NAHBAR_ENVIRONMENT", environment)
    receive: asyncio.Queue[Message] = asyncio.Queue()
    send: asyncio.Queue[Message] = asyncio.Queue()
    for kind in ("startup", "shutdown"):
        receive.put_nowait({"type": f"lifespan.{kind}"})
    log = CapturingLogger()
    monkeypatch.setattr(serve, "log", log)
    await platform_app([], frozenset({Role.HTTP}))({"type": "lifespan"}, receive.get, send.put)
    assert send.get_nowait()["type"] == "lifespan.startup.complete"
    said = [(each.args, each.kwargs["paths"]) for each in log.calls]
    paths = [path for _, path in CITY.unconfirmed]
    assert said == ([(("city_unconfirmed",), paths)] if environment == "production" else [])


def test_nothing_is_said_of_a_city_that_is_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed = CITY.model_copy(
        update={"name": "Nirgends", "unchecked": [], "reviews": {}, "examples": [], "parts": {}}
    )
    folder = tmp_path / "nirgends"
    folder.mkdir()
    (folder / "city.json").write_text(confirmed.model_dump_json(exclude={"parts"}))
    monkeypatch.setattr(city_data, "_CITIES", tmp_path)
    monkeypatch.setenv("NAHBAR_CITY", "nirgends")
    assert Platform().city == "nirgends"
    answer = CliRunner().invoke(app, ["check-city"])
    assert (answer.exit_code, answer.output) == (0, "All of the city's data are confirmed.\n")
