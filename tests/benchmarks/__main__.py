"""Run the benchmarks: `python -m tests.benchmarks [NAME ...]` prints a Markdown table. No exit code judges it."""

import argparse
import os
import platform
import tempfile
from datetime import datetime
from pathlib import Path

import uvloop
from rich.console import Console

from shared.clock import BERLIN
from shared.telemetry import configure_logging
from tests.benchmarks.catalogue import BENCHMARKS
from tests.benchmarks.rows import Row, markdown
from tests.benchmarks.site import Site, Sizes
from tests.support.stack import start_backend


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure, beside a baseline.")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME", help=", ".join(BENCHMARKS))
    chosen = parser.parse_args().names or list(BENCHMARKS)
    configure_logging("error")
    console = Console(stderr=True)
    rows: list[Row] = []
    backend = start_backend(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="nahbar-bench-") as folder:
            site = Site(backend, Path(folder), Sizes())
            for name in chosen:
                with console.status(f"Measuring: {name}"):
                    rows += uvloop.run(BENCHMARKS[name](site))
    finally:
        backend.stop()
    today, cores, load = datetime.now(BERLIN).date(), os.cpu_count(), os.getloadavg()[1]
    print(f"{today}, {cores} cores, Python {platform.python_version()}, load average {load:.1f}\n")
    print(markdown(rows))


if __name__ == "__main__":
    main()
