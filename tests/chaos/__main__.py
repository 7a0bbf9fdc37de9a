"""A long run: `python -m tests.chaos --seed N --minutes M`; exit code 1 when an invariant is violated."""

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from deploy.local.postgres import Postgres
from deploy.local.processes import Child
from shared.telemetry import configure_logging
from tests.chaos.checker import RULES, cases
from tests.chaos.meetings import meetings
from tests.chaos.run import Outcome, run

_FOLDERS = "nahbar-chaos-"
console = Console(highlight=False)


def main(
    seed: Annotated[int, typer.Option(help="What people want and what breaks is drawn from it.")] = 1,
    minutes: Annotated[float, typer.Option(help="How long people act and things break.", min=0.1)] = 5,
) -> None:
    """Break everything while people act, then prove that nothing was lost, doubled or untrue."""
    configure_logging("error")
    _end_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS))
    (folder / "owner").write_text(str(os.getpid()))
    started = time.monotonic()

    def say(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:7.1f} s[/dim]  {line}")

    console.print(f"Chaos with seed {seed} for {minutes:g} minutes in {folder}")
    outcome = asyncio.run(run(folder, seed, minutes * 60, say))
    _show(outcome)
    if outcome.violations:
        console.print(f"[red]Violated[/red] with seed {seed}; logs and histories are in {folder}")
        raise typer.Exit(1)
    shutil.rmtree(folder, ignore_errors=True)
    console.print(f"[green]Every invariant held[/green] with seed {seed}")


def _end_abandoned() -> None:
    """End the processes of runs that were killed themselves; what they wrote down stays."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*/owner"):
        if not psutil.pid_exists(int(owner.read_text())):
            for record in owner.parent.glob("*.process"):
                Child(record.stem, owner.parent).kill()
            Postgres(owner.parent).remove()
            owner.unlink()


def _show(outcome: Outcome) -> None:
    history = outcome.history
    faults = Table("fault", "times", title="What broke")
    for fault, times in sorted(outcome.faults.items()):
        faults.add_row(fault, str(times))
    done = Table("operation", "acknowledged", "refused", "unknown", title="What people did")
    counts = Counter((each.kind, each.ended.value) for each in history.operations)
    for kind in sorted({each.kind for each in history.operations}):
        done.add_row(kind, *[str(counts[kind, ended]) for ended in ("acknowledged", "refused", "unknown")])
    told = Table("outcome", "messages", title=f"What became of the messages ({len(history.arrived)} arrived)")
    for state, count in Counter(each.state for each in history.messages).most_common():
        told.add_row(state, str(count))
    met = Table("meeting", "times", title="What met")
    for meeting, times in meetings(history).items():
        met.add_row(meeting, str(times), style="" if times else "yellow")
    for table in (faults, done, told, met, _verdict(outcome)):
        console.print(table)
    for name, broken in outcome.violations.items():
        for line in broken[:20]:
            console.print(f"{name}: {line}")


def _verdict(outcome: Outcome) -> Table:
    """Per invariant how often it might have been broken, and whether it was; one without a case proves nothing."""
    history, verdict = outcome.history, Table("invariant", "cases", "")
    verdict.title = f"The verdict, over {len(history.log)} facts in Kafka"
    counted = cases(history)
    for name in (*RULES, "rest"):
        broken = outcome.violations.get(name, [])
        seen = counted.get(name, len(history.operations))
        word = f"{len(broken)} violations" if broken else "holds" if seen else "saw no case"
        verdict.add_row(name, str(seen), word, style="red" if broken else "green" if seen else "yellow")
    return verdict


if __name__ == "__main__":
    typer.run(main)
