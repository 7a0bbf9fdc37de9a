"""The command: what is wrong is said in a sentence, without a traceback and without a secret."""

import os
import sys
from base64 import b64encode
from unittest import mock

import pytest

from deploy import cli
from shared.settings import SERVICES, Platform, WrongSettings, read
from tests.support.stack import Backend

NOBODY = "127.0.0.1:9"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"NAHBAR_PARTITIONS": "abc"}, "NAHBAR_PARTITIONS: "),
        ({"NAHBAR_ENVIRONMENT": "production", "NAHBAR_KAFKA_PASSWORD": "geheim"}, "NAHBAR_PERSON_SECRET is the"),
        ({}, "A server cannot be reached: NoServer: 127.0.0.1:9"),
    ],
    ids=["a setting", "production", "no server"],
)
def test_what_is_wrong_is_a_sentence_without_a_secret(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["nahbar", "ledger"])
    nowhere = {"NAHBAR_KAFKA": NOBODY, "NAHBAR_POSTGRES": f"postgresql://x:geheim@{NOBODY}"}
    with mock.patch.dict(os.environ, nowhere | environment, clear=True), pytest.raises(SystemExit) as end:
        cli.main()
    written = capfd.readouterr()
    assert (end.value.code, written.out) == (2, "")
    assert written.err.startswith(said)
    assert written.err.count("\n") == 1
    assert "geheim" not in written.err


def ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: str, **environment: str
) -> tuple[int, str]:
    """The exit code of a command that goes wrong, and the last line of what it says."""
    servers = {"NAHBAR_KAFKA": NOBODY, "NAHBAR_POSTGRES": f"postgresql://x:geheim@{NOBODY}"}
    for name, value in (servers | environment).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["nahbar", *arguments.split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "geheim" not in said
    return int(str(end.value.code)), said.strip().splitlines()[-1]


SERVICE = f"there is no service 'bogus'; the services are: {', '.join(SERVICES)}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("bogus", "No such command 'bogus'"),
        ("keys", "Missing argument"),
        ("keys bogus", SERVICE),
        ("serve appointments bogus", SERVICE),
        ("migrate bogus", SERVICE),
        ("dead-letters list bogus", SERVICE),
        ("dead-letters replay bogus", SERVICE),
        ("dead-letters discard bogus 1 --by me", SERVICE),
        ("dead-letters replay appointments 1", "valid UUID"),
        ("dead-letters discard appointments 1 --by me", "valid UUID"),
        ("serve --roles http,foo", "'http,foo' are not some of: http, relay, consume, due"),
        ("serve --roles ,", "',' are not some of: http, relay, consume, due"),
        ("serve --port 99999", "--port"),
        ("up --port 0", "--port"),
        ("contracts /dev/null/contracts", "/dev/null/contracts cannot be used: Not a directory"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = ended(monkeypatch, capsys, arguments)
    assert code == 2
    assert said in line


@pytest.mark.parametrize(
    "arguments",
    [
        "migrate appointments",
        "topics",
        "ledger",
        "load-city",
        "dead-letters list appointments",
        "dead-letters replay appointments",
        "dead-letters discard appointments 00000000-0000-4000-8000-000000000000 --by me",
    ],
)
def test_a_server_that_is_away_is_named(
    arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = ended(monkeypatch, capsys, arguments)
    assert (code, line.partition(":")[0]) == (2, "A server cannot be reached")


@pytest.mark.parametrize("arguments", ["dead-letters list appointments", "dead-letters replay appointments"])
def test_a_database_without_tables_is_named(
    arguments: str, stack: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "The database has no tables, or old ones: `nahbar prepare` brings it up to date."
    assert ended(monkeypatch, capsys, arguments, APPOINTMENTS_DATABASE=f"{stack.url}/postgres") == (2, said)


KEY = b64encode(b"k" * 32).decode()
NO_KEY = "it must be 32 bytes in base64; `nahbar keys` or `openssl rand -base64 32` print such"
NO_PAIR = 'it must be "key id:key", with 32 bytes in base64 as the key; `nahbar keys` prints such'
NO_DATABASE = 'it must be like "postgresql://user:password@host:5432"'


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        *[
            (f"{service}_{secret}", value, f"{service}_{secret}: {NO_KEY}")
            for service in ("APPOINTMENTS", "NOTIFICATIONS")
            for secret in ("PEOPLE_SECRET", "LINK_SECRET", "SESSION_SECRET")
            for value in ("geheim geheim", KEY[:-8])
        ],
        ("NAHBAR_PERSON_SECRET", "geheim", f"NAHBAR_PERSON_SECRET: {NO_KEY}"),
        ("APPOINTMENTS_PRIVATE_KEYS", f'["k:{KEY}", "{KEY}"]', f"APPOINTMENTS_PRIVATE_KEYS[1]: {NO_PAIR}"),
        ("APPOINTMENTS_PRIVATE_KEYS", "k:geheim", "APPOINTMENTS_PRIVATE_KEYS: it must be JSON"),
        ("NAHBAR_PUBLIC_KEYS", '{"notifications": "k:geheim"}', f"NAHBAR_PUBLIC_KEYS[notifications]: {NO_PAIR}"),
        ("NAHBAR_PUBLIC_KEYS", "geheim", "NAHBAR_PUBLIC_KEYS: it must be JSON"),
        ("NAHBAR_KAFKA_USER", "nahbar", "NAHBAR_KAFKA_PASSWORD is missing; NAHBAR_KAFKA_USER needs it."),
        ("NOTIFICATIONS_SMTP_USER", "x", "NOTIFICATIONS_SMTP_PASSWORD is missing; NOTIFICATIONS_SMTP_USER needs it."),
        ("APPOINTMENTS_UNLIMITED_NETWORKS", "10.0.0.1", "APPOINTMENTS_UNLIMITED_NETWORKS: it must be JSON"),
        ("NAHBAR_POSTGRES", "mysql://x:geheim@db", f"NAHBAR_POSTGRES: {NO_DATABASE}"),
        ("NAHBAR_POSTGRES", "postgresql://x:geheim@db:http,db2", f"NAHBAR_POSTGRES: {NO_DATABASE}"),
        ("APPOINTMENTS_DATABASE", "postgresql://x:geheim@db:99999", f"APPOINTMENTS_DATABASE: {NO_DATABASE}"),
        ("NAHBAR_KAFKA", "kafka", 'NAHBAR_KAFKA: it must be "host:port", or several, with commas between them'),
        ("NAHBAR_KAFKA_CA", "/dev/null/ca.pem", "NAHBAR_KAFKA_CA: Path does not point to a file"),
        ("NAHBAR_CITY", "../nirgends", "NAHBAR_CITY: there is no such city; there are: duisburg"),
        ("NAHBAR_TOPIC_PREFIX", "a b", "NAHBAR_TOPIC_PREFIX: String should match pattern"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = "notifications" if variable.startswith("NOTIFICATIONS") else "appointments"
    code, line = ended(monkeypatch, capsys, f"dead-letters list {service}", **{variable: value})
    assert code == 2
    assert line.startswith(said)


@pytest.mark.parametrize(
    "url", ["postgresql://db", "postgres://u:p@[::1]:5432,db2/x", "postgresql://u:p%40@db1:1,db2:2/x?sslmode=require"]
)
def test_databases_on_one_server_or_several_can_be_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAHBAR_POSTGRES", url)
    assert read(Platform).postgres == url


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAHBAR_PARTITIONS", "0")
    monkeypatch.setenv("NAHBAR_PERSON_SECRET", "geheim")
    with pytest.raises(WrongSettings) as wrong:
        read(Platform)
    assert [line.partition(":")[0] for line in str(wrong.value).splitlines()] == [
        "NAHBAR_PARTITIONS",
        "NAHBAR_PERSON_SECRET",
    ]
