"""Business time. Rules take a moment as a parameter; only the edges ask the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


class Clock:
    """Tells the time, moved by the offset in a file where demos and tests need another day.

    The file holds seconds as text. It is read again whenever it changed, so that every process that names it moves
    together. Without a file this is the real time.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._read_at: int | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        return datetime.now(UTC) + self.offset()

    def offset(self) -> timedelta:
        """How far business time is ahead of real time."""
        if self._file is None:
            return timedelta()
        try:
            changed = self._file.stat().st_mtime_ns
            if changed != self._read_at:
                self._offset = timedelta(seconds=float(self._file.read_text() or 0))
                self._read_at = changed
        except FileNotFoundError:
            self._offset = timedelta()
        return self._offset

    @staticmethod
    def move(file: Path, offset: timedelta) -> None:
        """Set the offset for every process that reads the file."""
        draft = file.with_suffix(".new")
        draft.write_text(str(offset.total_seconds()))
        draft.replace(file)
