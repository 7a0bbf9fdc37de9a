"""Which Chromium the browser tests drive; a pytest plugin that says so last where there is none.

CI must have one: there the tests run and fail without it.
"""

import os
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def chromium() -> str | None:
    """The path of the browser: the one `CHROMIUM` names, or Debian's, best without windows: that takes a third."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")


def skipped() -> bool:
    """Whether this machine does without the browser tests."""
    return not chromium() and not os.environ.get("CI")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Say what was left out, where nobody overlooks it."""
    paths = [Path(arg.partition("::")[0]).resolve() for arg in config.args]
    asked_for = any(HERE.is_relative_to(path) or path.is_relative_to(HERE) for path in paths)
    if skipped() and asked_for and not hasattr(config, "workerinput"):
        said = "browser tests not run: install chromium-headless-shell, or set CHROMIUM to the path of another Chromium"
        config.get_terminal_writer().line(said)
