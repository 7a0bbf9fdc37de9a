"""The choice of servers for the tests themselves."""

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import yaml
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core import container
from testcontainers.core.container import DockerContainer

from deploy.local import postgres
from deploy.local.postgres import Postgres
from tests.support import stack

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No servers are named in the environment, and no container engine answers."""
    for variable in ("NAHBAR_KAFKA", "NAHBAR_POSTGRES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")


def test_a_stack_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "nonsense")
    with pytest.raises(pytest.UsageError, match=r"no stack 'nonsense'\. STACK is embedded"):
        stack.start_backend()


def test_without_a_container_engine_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "containers")
    with pytest.raises(pytest.UsageError, match="STACK=containers needs a container engine that answers"):
        stack.start_backend()


class Engine:
    """As much of testcontainers' client as is asked before a container starts."""

    def __init__(self, **_: Any) -> None: ...

    def host(self) -> str:
        return "engine"


def test_containers_are_asked_for_as_testcontainers_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[DockerContainer] = []

    def start(self: DockerContainer) -> DockerContainer:
        started.append(self)
        return self

    monkeypatch.setattr(container, "DockerClient", Engine)
    monkeypatch.setattr(DockerContainer, "start", start)
    monkeypatch.setattr(PostgresContainer, "start", start)
    monkeypatch.setattr(PostgresContainer, "get_connection_url", lambda _: "postgresql://postgres:test@engine:5/test")
    monkeypatch.setenv("STACK", "containers")
    backend = stack.start_backend()
    kafka, postgres = started
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert [each.image for each in started] == [compose["kafka"]["image"], compose["postgres"]["image"]]
    assert set(compose["kafka"]["environment"]) <= set(kafka.env)
    assert kafka.env["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{backend.bootstrap}"
    assert backend.bootstrap == f"engine:{kafka.ports['9092']}"
    assert backend.url == "postgresql://postgres:test@engine:5"
    assert isinstance(postgres, PostgresContainer)


def test_servers_that_run_already_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "NAHBAR_KAFKA", "kafka:9092")
    monkeypatch.setitem(os.environ, "NAHBAR_POSTGRES", "postgresql://postgres")
    backend = stack.start_backend()
    assert (backend.bootstrap, backend.url) == ("kafka:9092", "postgresql://postgres")


@pytest.mark.parametrize(("free", "in_memory"), [(2 * 2**30, True), (2 * 2**30 - 1, False)])
def test_data_of_a_run_lie_in_memory_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, in_memory: bool
) -> None:
    monkeypatch.setattr(stack, "IN_MEMORY", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2 * 2**30))
    assert stack.place_of_data() == (tmp_path if in_memory else Path(tempfile.gettempdir()))


def test_data_of_a_run_lie_on_disk_where_memory_has_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stack, "IN_MEMORY", tmp_path / "missing")
    assert stack.place_of_data() == Path(tempfile.gettempdir())


@pytest.mark.parametrize("root", [True, False])
def test_postgres_keeps_its_data_in_memory_if_its_folder_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(postgres, "IN_MEMORY", tmp_path)
    assert Postgres(tmp_path / "run")._data.is_relative_to(tmp_path)
