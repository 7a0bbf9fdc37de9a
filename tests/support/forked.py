"""Processes forked from one that has imported the services: to import them costs more than most tests do."""

import json
import multiprocessing
import multiprocessing.forkserver
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from deploy.local.processes import Child
from deploy.local.stack import FarEnd
from shared.settings import SERVICES

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(
    ["deploy.cli", "deploy.local.far_ends.web", "deploy.local.far_ends.mail", "uvicorn.protocols.http.httptools_impl"]
    + [f"services.{name}.app" for name in SERVICES]
)


def prepare() -> None:
    """Start what processes are forked from, which goes on running."""
    multiprocessing.forkserver.ensure_running()


class Forked(Child):
    """A child for commands of the form `python -m module ...`, which finds everything imported."""

    def spawn(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        """Start the process as `Child` does: in a session of its own, its output in the log file."""
        python, option, *module = command
        assert (python, option, user) == (sys.executable, "-m", None), "only modules of this Python are forked"
        given = (self.log, dict(os.environ if env is None else env), cwd or Path.cwd(), module)
        process = _forking.Process(target=_run, args=given, daemon=True)
        process.start()
        assert process.pid
        created = psutil.Process(process.pid).create_time()
        self._record.write_text(json.dumps({"pid": process.pid, "created": created}))


class ForkedFarEnd(Forked, FarEnd):
    """A simulated far end that finds everything imported."""


def _run(log: Path, environment: Mapping[str, str], folder: Path, module: list[str]) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        for each in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), each.fileno())
    sys.argv = module
    runpy.run_module(module[0], run_name="__main__", alter_sys=True)
