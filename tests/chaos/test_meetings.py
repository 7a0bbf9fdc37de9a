"""What counts as having met in a run."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.history import Operation
from tests.chaos.meetings import changed_while_somebody_waits, confirmed_while_called_off
from tests.chaos.stories import good, id_of, operation

DOVE = id_of("dove")


def at(moment: float, kind: str, person: str, **more: Any) -> Operation:
    return operation(kind, person, invoked_at=moment, ended_at=moment + 1, **more)


HELD = at(0, "hold", "ada")
JOINED = at(0, "join", "wil")
CHANGED = at(5, "change", "ada", station="mitte")


@pytest.mark.parametrize(
    ("operations", "met"),
    [
        ([HELD, JOINED, CHANGED], True),
        ([HELD, CHANGED], False),
        ([HELD, replace(JOINED, station="mitte"), CHANGED], False),
        ([HELD, JOINED, at(2, "take", "wil"), CHANGED], False),
        ([HELD, JOINED, CHANGED, at(9, "take", "wil")], True),
        ([HELD, at(8, "join", "wil"), CHANGED], False),
        ([at(0, "hold", "bob"), JOINED, CHANGED], False),
    ],
    ids=["waits", "nobody waits", "waits elsewhere", "waited", "waits on", "waits later", "not held"],
)
def test_a_hold_is_changed_while_somebody_waits_there(operations: list[Operation], met: bool) -> None:
    assert list(changed_while_somebody_waits(replace(good(), operations=operations))) == [CHANGED] * met


@pytest.mark.parametrize(
    ("called_off", "confirmed", "met"),
    [(3, 3.5, True), (3, 9, True), (3, 1.5, False), (0.5, 2, True), (-5, 2, False)],
    ids=["at once", "afterwards", "before", "while it was held", "called off before"],
)
def test_a_hold_is_confirmed_while_its_stop_is_called_off(called_off: float, confirmed: float, met: bool) -> None:
    confirming = at(confirmed, "confirm", "ada", station=str(DOVE))
    operations = [
        replace(HELD, station=str(DOVE)),
        at(called_off, "call-off", "driver-1", stops=(DOVE,)),
        confirming,
    ]
    assert list(confirmed_while_called_off(replace(good(), operations=operations))) == [confirming] * met
