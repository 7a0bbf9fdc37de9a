"""After the scenario: bookings go on, and keys break things to show that nothing is lost."""

import asyncio
import contextlib
import os
import random
import sys
import termios
import tty
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy import operations
from deploy.demo.scenario import account
from deploy.demo.stage import API
from deploy.local.far_ends.records import CROWD
from deploy.local.kafka import Kafka
from deploy.local.laptop import Laptop
from deploy.local.postgres import Postgres
from deploy.local.processes import StackError
from deploy.local.stack import FarEnd
from shared.calendar import is_working_day
from shared.clock import BERLIN, Clock

SERVICE = "meldebescheinigung"
DOWN = 6.0
"""Seconds that what was killed stays down."""


class Breaking:
    """The live screen with the keys k, p, m and q."""

    def __init__(self, console: Console, laptop: Laptop) -> None:
        self._console = console
        self._laptop = laptop
        self._booked = 0
        self._refused = 0
        self._news = "A booking a second goes on."
        self._breaking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Show the state until q or Ctrl-C."""
        if not sys.stdin.isatty():
            await asyncio.Event().wait()
        booking = asyncio.create_task(self._book_on())
        try:
            with Live(console=self._console, refresh_per_second=4) as live, _single_keys():
                while (key := _pressed()) != "q":
                    self._react(key)
                    live.update(await self._screen())
                    await asyncio.sleep(0.25)
        finally:
            booking.cancel()

    def _react(self, key: str) -> None:
        stack = self._laptop.stack
        parts = {
            "k": ("Kafka", stack.kafka),
            "p": ("PostgreSQL", stack.postgres),
            "m": ("the mail server", self._laptop.mail),
        }
        name, part = parts.get(key, ("", None))
        if part is not None and not self._breaking:
            task = asyncio.create_task(self._break(name, part))
            self._breaking.add(task)
            task.add_done_callback(self._breaking.discard)

    async def _break(self, name: str, part: Kafka | Postgres | FarEnd) -> None:
        self._news = f"[red]kill -9: {name} is gone[/red]"
        await asyncio.to_thread(part.kill)
        await asyncio.sleep(DOWN)
        self._news = f"Starting {name} again"
        try:
            await asyncio.to_thread(part.start)
        except StackError as error:
            self._news = f"[red]{error}[/red]"
        else:
            self._news = f"[green]{name} is back[/green]"

    async def _book_on(self) -> None:
        clock = Clock(self._laptop.clock_file)
        async with httpx.AsyncClient(base_url=self._laptop.address, timeout=10) as client:
            while True:
                try:
                    await self._book(client, clock.now())
                    self._booked += 1
                except (httpx.HTTPError, IndexError):
                    self._refused += 1
                await asyncio.sleep(1)

    async def _book(self, client: httpx.AsyncClient, now: datetime) -> None:
        day = (now + timedelta(days=random.randint(1, 20))).astimezone(BERLIN).date()  # noqa: S311
        while not is_working_day(day):
            day += timedelta(days=1)
        query: dict[str, Any] = {"services": [SERVICE], "first_day": day.isoformat(), "days": 1}
        free = (await client.get(f"{API}/free-times", params=query)).raise_for_status().json()
        place = random.choice([each for each in free if each["starts"]])  # noqa: S311
        start = random.choice(place["starts"])  # noqa: S311
        body = {
            "time": {"station": place["station"], "services": [SERVICE], "starts_at": start},
            "person": {"name": "Demo", "mail": f"{uuid4().hex[:8]}@{CROWD}", "channels": ["mail"]},
        }
        headers = {"Idempotency-Key": uuid4().hex}
        (await client.post(f"{API}/appointments", json=body, headers=headers)).raise_for_status()

    async def _screen(self) -> Table:
        table = Table(title=self._news, title_justify="left", min_width=70, show_header=False)
        table.add_column("")
        table.add_column("", justify="right")
        table.add_row("Bookings acknowledged / refused", f"{self._booked} / {self._refused}")
        try:
            async with asyncio.timeout(1.5):
                waiting = await operations.waiting_facts("appointments")
                lost, doubled, unknown, ledger = await account()
            table.add_row("Facts in the outbox, not yet on Kafka", str(waiting))
            table.add_row("Messages due now", str(ledger["due"]))
            table.add_row("Messages delivered", str(ledger["messages"].get("delivered", 0)))
            table.add_row("Ledger", f"{lost} lost, {doubled} doubled, {unknown} unknown")
        except Exception as error:
            table.add_row("The database does not answer", type(error).__name__)
        table.caption = "k, p, m: kill -9 Kafka, PostgreSQL, the mail server    q: stop"
        return table


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """Let single keys arrive without Enter and without being shown."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _pressed() -> str:
    """The key pressed since the last look, or nothing."""
    import select

    # Past Python's buffer, which would take all keys that wait and hide them from `select`.
    return os.read(sys.stdin.fileno(), 1).decode(errors="replace") if select.select([sys.stdin], [], [], 0)[0] else ""
