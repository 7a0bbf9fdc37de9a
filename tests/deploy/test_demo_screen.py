"""What stands on the demo's screen: the story, and no tracebacks of libraries whose server was killed."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from deploy.demo import run


class Stage:
    """A laptop on which nothing runs."""

    def __init__(self, folder: Path, _: int) -> None:
        self.folder = folder
        self.stack = SimpleNamespace(owns_folder=False)

    def start(self, _: Any) -> None: ...

    def stop(self) -> None: ...


def lose_a_connection(_: Any) -> int:
    try:
        raise ConnectionError("the server is gone")
    except ConnectionError:
        logging.getLogger("sqlalchemy.pool.impl").error("Exception closing connection", exc_info=True)
    return 0


def test_what_libraries_log_is_one_line_in_a_file_and_nothing_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], own_logging: None
) -> None:
    monkeypatch.setattr(run, "Laptop", Stage)
    assert run._run(Console(), tmp_path, 0, lose_a_connection) == 0
    shown = capfd.readouterr()
    assert "Exception" not in shown.err + shown.out
    [line] = (tmp_path / run.LOG).read_text().splitlines()
    assert "the server is gone" in json.loads(line)["exception"]
