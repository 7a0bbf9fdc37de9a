"""What the far ends accepted and still have to report, in one SQLite file that survives kill -9 of any of them."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.far_ends.records import CROWD, Accepted, Channel, Kind, NewReport, Report, ReportKind, Wanted
from shared.clock import Clock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    reference TEXT,
    accepted_at REAL NOT NULL,
    source BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_reference ON messages (channel, reference, recipient);
CREATE INDEX IF NOT EXISTS messages_by_recipient ON messages (recipient);
CREATE TABLE IF NOT EXISTS reports (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    message INTEGER REFERENCES messages,
    kind TEXT NOT NULL,
    party TEXT NOT NULL,
    detail TEXT NOT NULL,
    due_at REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_at REAL
);
CREATE INDEX IF NOT EXISTS reports_due ON reports (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS reports_by_message ON reports (message);
CREATE TABLE IF NOT EXISTS tries (
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    reference TEXT NOT NULL,
    first_at REAL NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (channel, recipient, reference)
);
CREATE TABLE IF NOT EXISTS refusals (stage TEXT PRIMARY KEY, answer TEXT NOT NULL);
"""

_MESSAGES = """
SELECT number, channel, recipient, sender, reference, accepted_at, source, (
    SELECT count(*) FROM messages AS same
    WHERE (same.channel, same.reference, same.recipient) = (messages.channel, messages.reference, messages.recipient)
) AS times FROM messages
"""

CLOCK = "clock"
"""The name of the clock file in the folder."""

_WANTED = {
    Kind.STORY: f"recipient NOT LIKE '%@{CROWD}'",
    Kind.MAIL: f"channel = 'mail' AND recipient NOT LIKE '%@{CROWD}'",
    Kind.SMS: "channel <> 'mail'",
    Kind.CROWD: f"recipient LIKE '%@{CROWD}'",
}


class Store:
    """The far ends' memory; each process opens its own on the same folder, which is made where missing.

    Messages carry the city's time, as a clock file in the folder moves it; what is due is due in real time.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            folder / "far_ends.sqlite3", timeout=20, isolation_level=None, check_same_thread=False
        )
        self._clock = Clock(folder / CLOCK)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; only a power cut might
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def accept(
        self,
        channel: Channel,
        sender: str,
        reference: str | None,
        source: bytes,
        recipients: Mapping[str, Sequence[NewReport]],
    ) -> list[int]:
        """Commit a message with all reports it will cause; returns its number per recipient."""
        numbers = []
        with self._transaction():
            for recipient, reports in recipients.items():
                number = self._db.execute(
                    "INSERT INTO messages (channel, recipient, sender, reference, accepted_at, source) "
                    "VALUES (?, ?, ?, ?, ?, ?) RETURNING number",
                    (channel, recipient, sender, reference, self._clock.now().timestamp(), source),
                ).fetchone()["number"]
                for report in reports:
                    self.add_report(channel, number, recipient, report)
                numbers.append(number)
        return numbers

    def add_report(self, channel: Channel, message: int | None, party: str, report: NewReport) -> None:
        """Commit a report of what became of a message, or of what a person (`party`) wrote by themselves."""
        self._db.execute(
            "INSERT INTO reports (channel, message, kind, party, detail, due_at) VALUES (?, ?, ?, ?, ?, ?)",
            (channel, message, report.kind, party, report.detail, time.time() + report.after),
        )

    def count_try(self, channel: Channel, recipient: str, reference: str) -> tuple[int, float]:
        """Commit that a message was tried once more; returns how often, and the seconds since the first try."""
        now = time.time()
        row = self._db.execute(
            "INSERT INTO tries VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1 "
            "RETURNING times, first_at",
            (channel, recipient, reference, now),
        ).fetchone()
        return row["times"], now - row["first_at"]

    def refuse(self, stage: str, answer: str) -> None:
        """Commit what the mail server answers to everybody at a stage; "" ends it."""
        self._db.execute("DELETE FROM refusals WHERE stage = ?", (stage,))
        if answer:
            self._db.execute("INSERT INTO refusals VALUES (?, ?)", (stage, answer))

    def refusal(self, stage: str) -> str:
        """What the mail server answers to everybody at a stage; "" where it takes mail as usual."""
        row = self._db.execute("SELECT answer FROM refusals WHERE stage = ?", (stage,)).fetchone()
        return row["answer"] if row else ""

    def due(self, channel: Channel, limit: int) -> list[Report]:
        """The reports to send now, oldest first."""
        return self._reports("WHERE channel = ? AND due_at <= ? ORDER BY due_at LIMIT ?", (channel, time.time(), limit))

    def sent(self, report: Report) -> None:
        """Commit that the sender took a report."""
        self._db.execute(
            "UPDATE reports SET due_at = NULL, attempts = attempts + 1, sent_at = ? WHERE number = ?",
            (self._clock.now().timestamp(), report.number),
        )

    def not_sent(self, report: Report, wait: float | None) -> None:
        """Commit that the sender did not take a report: try again after `wait` seconds, or give up."""
        due_at = None if wait is None else time.time() + wait
        self._db.execute(
            "UPDATE reports SET due_at = ?, attempts = attempts + 1 WHERE number = ?", (due_at, report.number)
        )

    def message(self, number: int) -> Accepted | None:
        """One message."""
        found = self._messages("WHERE number = ?", (number,))
        return found[0] if found else None

    def accepted(self, channel: Channel | None = None) -> list[Accepted]:
        """Every message accepted, oldest first."""
        return self._messages("WHERE ? IN (channel, '*') ORDER BY number", (channel or "*",))

    def journal(self, channel: Channel, recipient: str, limit: int, offset: int) -> list[Accepted]:
        """Messages accepted for a recipient (all: empty), newest first."""
        condition = "WHERE channel = ? AND ? IN (recipient, '') ORDER BY number DESC LIMIT ? OFFSET ?"
        return self._messages(condition, (channel, recipient, limit, offset))

    def newest(self, wanted: Wanted, limit: int) -> list[Accepted]:
        """The last messages that are wanted, oldest first."""
        condition = _WANTED[wanted.kind]
        parameters: list[object] = [wanted.person]
        if wanted.language:
            condition += " AND instr(source, ?)"
            parameters.append(f"\nContent-Language: {wanted.language}\r\n".encode())
        if wanted.before is not None:
            condition += " AND number < ?"
            parameters.append(wanted.before)
        found = self._messages(
            f"WHERE instr(lower(recipient), lower(?)) AND {condition} ORDER BY number DESC LIMIT ?",
            (*parameters, limit),
        )
        return found[::-1]

    def doubled(self) -> list[str]:
        """The references accepted more than once for the same recipient."""
        rows = self._db.execute(
            "SELECT DISTINCT reference FROM messages WHERE reference IS NOT NULL "
            "GROUP BY channel, reference, recipient HAVING count(*) > 1 ORDER BY min(number)"
        )
        return [row["reference"] for row in rows]

    def reports(self, message: int | None = None) -> list[Report]:
        """The reports on a message, or all, in the order they were caused."""
        if message is None:
            return self._reports("ORDER BY number", ())
        return self._reports("WHERE message = ? ORDER BY number", (message,))

    def counts(self) -> dict[str, int]:
        """Totals: persons, mail, sms, doubled, pending (reports not sent yet)."""
        row = self._db.execute(
            "SELECT count(DISTINCT recipient) AS persons, count(*) FILTER (WHERE channel = 'mail') AS mail, "
            "count(*) FILTER (WHERE channel <> 'mail') AS sms, "
            "(SELECT count(*) FROM reports WHERE due_at IS NOT NULL) AS pending FROM messages"
        ).fetchone()
        return {**dict(row), "doubled": len(self.doubled())}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _messages(self, condition: str, parameters: tuple[Any, ...]) -> list[Accepted]:
        return [
            Accepted(**{**dict(row), "channel": Channel(row["channel"]), "accepted_at": _moment(row["accepted_at"])})
            for row in self._db.execute(f"{_MESSAGES} {condition}", parameters)
        ]

    def _reports(self, condition: str, parameters: tuple[Any, ...]) -> list[Report]:
        return [
            Report(
                **{
                    **dict(row),
                    "channel": Channel(row["channel"]),
                    "kind": ReportKind(row["kind"]),
                    "due_at": _moment(row["due_at"]),
                    "sent_at": _moment(row["sent_at"]),
                }
            )
            for row in self._db.execute(f"SELECT * FROM reports {condition}", parameters)  # noqa: S608
        ]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
