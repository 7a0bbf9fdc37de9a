"""Days and moments as requests name them: those a calendar can count from."""

from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime

D = TypeVar("D", date, datetime)


def of_our_time(day: D) -> D:
    """The day or moment; raises ValueError for one at the ends of time, from which no calendar can count."""
    if not 2000 <= day.year <= 2200:
        raise ValueError("Name a year between 2000 and 2200.")
    return day


Day = Annotated[date, AfterValidator(of_our_time)]
Moment = Annotated[AwareDatetime, AfterValidator(of_our_time)]
