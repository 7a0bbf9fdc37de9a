"""`nahbar demo` and `nahbar up`: start everything, play, keep running, stop everything."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.demo.breaking import Breaking
from deploy.demo.scenario import account, play
from deploy.demo.stage import Failed
from deploy.demo.watch import watch_facts, watch_far_ends
from deploy.local.laptop import FOLDER, Laptop
from deploy.local.processes import StackError
from shared.telemetry import configure_logging

LOG = "demo.log"
"""The file in the laptop's folder that keeps what the demo itself, not a service, has to log."""


def up(console: Console, folder: Path | None, port: int) -> int:
    """Run the platform until Ctrl-C; returns the exit code."""
    return _run(console, folder, port, lambda laptop: _wait(console, laptop))


def demo(console: Console, folder: Path | None, port: int, once: bool) -> int:
    """Play the scenario; returns 0 if all went as it should."""
    return _run(console, folder, port, lambda laptop: asyncio.run(_play(console, laptop, once)))


def _run(console: Console, folder: Path | None, port: int, work: Callable[[Laptop], int]) -> int:
    laptop = Laptop(folder or FOLDER, port)
    configure_logging("warning", laptop.folder / LOG)  # what libraries say of a killed database is not for the screen
    with _quiet_interrupt():
        try:
            with console.status("Starting") as status:
                laptop.start(lambda text: _progress(console, status.update, text))
            return work(laptop)
        except StackError as error:
            console.print(f"[red]{error}[/red]")
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            if laptop.stack.owns_folder:
                console.print("Stopping; the data stay.")
            laptop.stop()


async def _play(console: Console, laptop: Laptop, once: bool) -> int:
    watchers = [
        asyncio.create_task(watch_facts(laptop.stack.bootstrap, console.print)),
        asyncio.create_task(watch_far_ends(laptop.folder, console.print)),
    ]
    await asyncio.sleep(1)
    try:
        await play(laptop, console.print)
    except Failed as error:
        console.print(f"[red bold]Not as expected:[/red bold] {error}")
        code = 1
    else:
        console.print("[bold green]Every expected message arrived exactly once.[/bold green]")
        code = 0
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    lost, doubled, unknown, ledger = await account()
    console.print(f"Ledger: [bold]{lost} lost, {doubled} doubled, {unknown} unknown[/bold]; {ledger['messages']}")
    if once:
        return code or int(bool(lost or doubled))
    _show_addresses(console, laptop)
    await Breaking(console, laptop).run()
    return code


def _wait(console: Console, laptop: Laptop) -> int:
    _show_addresses(console, laptop)
    console.print("Ctrl-C stops everything.")
    signal.pause()
    return 0


def _show_addresses(console: Console, laptop: Laptop) -> None:
    table = Table(show_header=False, box=None)
    for what, address in laptop.addresses().items():
        table.add_row(what, f"[link={address}]{address}[/link]")
    console.print(table)


def _progress(console: Console, update: Callable[[str], None], text: str) -> None:
    update(text)
    if not console.is_terminal:
        console.print(text)


@contextlib.contextmanager
def _quiet_interrupt() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.stdout.flush()
