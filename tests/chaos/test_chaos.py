"""A short run of chaos with a fixed seed: nothing is lost, doubled or untrue afterwards."""

from pathlib import Path

from tests.chaos.history import Ended
from tests.chaos.run import run

SEED = 2026


async def test_people_book_while_everything_breaks(tmp_path: Path) -> None:
    outcome = await run(tmp_path, SEED, seconds=20, patience=60, frozen_for=(0.5, 2, 4))
    assert outcome.violations == {}
    acknowledged = [each for each in outcome.history.operations if each.ended is Ended.ACKNOWLEDGED]
    assert len(acknowledged) > 20, "hardly anybody could book"
    assert outcome.faults.total() >= 5, "hardly anything broke"
    assert any(outcome.history.facts("MobilStopCancelled")), "no stop was called off"
