"""Opening hours as they are typed into a form."""

from collections.abc import Callable
from datetime import time
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, Field

from services.appointments.offer.windows import Window
from services.appointments.persons.domain import Wrong
from shared.web.typed import read_day, read_time

NTH = "nth-"
"""Before the number of an nth weekday, its value in the form."""

Parsed = TypeVar("Parsed")


class TypedWindow(BaseModel):
    """A window as typed, in the query of its preview.

    Args:
        place: a station's key.
        version: of the station's hours when the form was opened.
        window: which of them it stands in for, counted from 1; 0 for one more.
        remove: whether that one is to go instead.
        repeat: every how many weeks, or `nth-` and which weekday of a month.
    """

    place: str = ""
    version: Annotated[int, Field(ge=0)] = 0
    window: Annotated[int, Field(ge=0)] = 0
    remove: bool = False
    weekdays: Annotated[list[str], Field(max_length=7)] = []
    opens: str = ""
    closes: str = ""
    repeat: str = "1"
    valid_from: str = ""
    valid_until: str = ""
    staff_counters: str = "0"
    services: Annotated[list[str], Field(max_length=200)] = []

    @classmethod
    def of(cls, place: str, version: int, number: int, window: Window) -> Self:
        """A window as it is, to be changed."""
        return cls(
            place=place,
            version=version,
            window=number,
            weekdays=[str(each) for each in window.weekdays],
            opens=f"{window.opens:%H:%M}",
            closes=f"{window.closes:%H:%M}",
            repeat=f"{NTH}{window.nth}" if window.nth else str(window.every_weeks),
            valid_from=str(window.valid_from or ""),
            valid_until=str(window.valid_until or ""),
            staff_counters=str(window.staff_counters),
            services=list(window.services or ()),
        )

    def read(self) -> tuple[Window, list[Wrong]]:
        """The window, and the fields that cannot be read; in their place it has something harmless."""
        unreadable: list[Wrong] = []

        def field(name: str, typed: str, parse: Callable[[str], Parsed], harmless: Parsed) -> Parsed:
            try:
                return parse(typed.strip())
            except ValueError:
                unreadable.append(Wrong(name, f"{name}_unreadable"))
                return harmless

        nth = self.repeat.startswith(NTH)
        number = field("repeat", self.repeat.removeprefix(NTH), int, 1)
        window = Window(
            tuple(sorted({int(each) for each in self.weekdays if each in set("0123456")})),
            field("opens", self.opens, read_time, time.min),
            field("closes", self.closes, read_time, time.max),
            field("valid_from", self.valid_from, read_day, None),
            field("valid_until", self.valid_until, read_day, None),
            1 if nth else number,
            number if nth else None,
            field("staff_counters", self.staff_counters, int, 0),
            tuple(self.services) or None,
        )
        return window, unreadable
