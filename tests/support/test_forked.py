"""Forked processes are like started ones, but for having everything imported."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.forked import Forked
from tests.support.wait import eventually

TELLS = "tests.support.tells_of_itself"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Forked]:
    """A process that can be started, ended with the test."""
    child = Forked("teller", tmp_path)
    yield child
    child.kill()


async def told_by(child: Forked) -> dict[str, Any]:
    """What the process wrote to its log."""
    await eventually(lambda: child.log.exists() and child.log.read_text().endswith("}\n"), timeout=60)
    found: dict[str, Any] = json.loads(child.log.read_text())
    return found


async def test_it_has_a_session_an_environment_a_folder_and_arguments_of_its_own(
    child: Forked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWN_TO_THE_TEST_ALONE", "1")
    child.spawn([sys.executable, "-m", TELLS, "one", "two"], {"NAHBAR_KAFKA": "elsewhere"}, tmp_path)
    told = await told_by(child)
    assert child.process
    assert told["pid"] == told["session"] == child.process.pid != os.getpid()
    assert told["environment"] == {"NAHBAR_KAFKA": "elsewhere"}
    assert (told["folder"], told["arguments"]) == (str(tmp_path), ["one", "two"])


async def test_it_finds_the_services_imported_and_nothing_running_or_connected(child: Forked) -> None:
    child.spawn([sys.executable, "-m", TELLS])
    told = await told_by(child)
    assert told["imported"], "else it costs what any other process does"
    assert (told["threads"], told["connections"]) == (1, 0)


async def test_it_is_frozen_and_killed_by_its_process_id(child: Forked) -> None:
    child.spawn([sys.executable, "-m", TELLS])
    await told_by(child)
    process = child.process
    assert process
    child.pause()
    await eventually(lambda: process.status() == psutil.STATUS_STOPPED)
    child.resume()
    await eventually(lambda: process.status() != psutil.STATUS_STOPPED)
    os.kill(process.pid, signal.SIGKILL)
    await eventually(lambda: not child.running)
