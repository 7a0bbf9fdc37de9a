"""Rules of a breakdown: what becomes of each stop a vehicle still had before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.mobile_office.fleet.domain import Fleet, Plan, cannot_follow, with_vehicle
from services.mobile_office.tours.domain import Stop, plan_of


class Decision(StrEnum):
    """What becomes of a stop: the vehicle comes later, another comes, or none."""

    DELAY = "delay"
    REPLACE = "replace"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one stop: `minutes` later, or with another `vehicle`."""

    decision: Decision
    minutes: int = 0
    vehicle: str | None = None


CANCEL = Answer(Decision.CANCEL)


def propose(stops: Sequence[Stop], others: Iterable[Plan], fleet: Fleet) -> dict[UUID, Answer]:
    """For each stop, in order of time, another vehicle that can be there, or else its cancellation.

    Args:
        stops: those of the broken vehicle, which were announced.
        others: where all vehicles are at that time; those of the broken one do not count.
    """
    taken = list(others)
    answers: dict[UUID, Answer] = {}
    for stop in stops:
        assert stop.announced is not None
        known = plan_of(stop.announced)
        answers[stop.id] = CANCEL
        for key in fleet.vehicles:
            plan = with_vehicle(known, key, fleet)
            if key != known.vehicle and cannot_follow(plan, taken, fleet) is None:
                answers[stop.id] = Answer(Decision.REPLACE, vehicle=key)
                taken.append(plan)
                break
    return answers
