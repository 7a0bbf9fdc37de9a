"""Everybody who acts in a run, each with dice of their own."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.chaos.city import NARROW, City
from tests.chaos.history import Operation
from tests.chaos.people.asking import Asker
from tests.chaos.people.passengers import Passengers
from tests.chaos.people.staff import HALL, Clerk, Lead
from tests.chaos.people.tours import Driver, Planner, Timetable
from tests.chaos.people.undecided import Undecided
from tests.chaos.people.waiters import Waiter
from tests.chaos.people.writers import OWN_NUMBERS, Writer
from tests.chaos.world import World

WRITERS = 4
COUNTERS = 2


@dataclass(frozen=True)
class Everybody:
    """The people that act, by what they do."""

    writers: Sequence[Writer]
    waiter: Waiter
    clerks: Sequence[Clerk]
    lead: Lead
    planner: Planner
    driver: Driver
    passengers: Passengers
    undecided: Undecided

    @property
    def all(self) -> list[Asker]:
        """The people that act by day."""
        staff = [*self.clerks, self.lead, self.planner, self.driver]
        return [*self.writers, self.waiter, self.passengers, self.undecided, *staff]


def everybody(
    world: World,
    city: City,
    seed: int,
    client: httpx.AsyncClient,
    operations: list[Operation],
    readers: Sequence[str],
) -> Everybody:
    """The people of a run.

    Args:
        operations: where they write down what they ask for.
        readers: mail addresses of people who are told news.
    """
    timetable: Timetable = {}
    numbers = OWN_NUMBERS.copy()

    def common(name: str, service: str = "appointments") -> dict[str, Any]:
        return {
            "name": name,
            "city": city,
            "addresses": world.addresses_of(service),
            "client": client,
            "random": random.Random(f"{seed} {name}"),
            "operations": operations,
        }

    booking: dict[str, Any] = {"numbers": numbers, "readers": readers, "timetable": timetable}
    patient = Waiter(**common("patient"), station=NARROW)
    driver = Driver(**common("driver", "mobile_office"), timetable=timetable, pause=2)

    def clerk(number: int) -> Clerk:
        return Clerk(**common(f"clerk{number}"), user="schalter", counter=f"{HALL}-{number}")

    return Everybody(
        writers=[Writer(**common(f"w{number}"), **booking) for number in range(WRITERS)],
        waiter=Waiter(**common("waiter"), pause=0.25),
        clerks=[clerk(number) for number in range(1, COUNTERS + 1)],
        lead=Lead(**common("lead"), pause=3),
        planner=Planner(**common("planner", "mobile_office"), timetable=timetable, pause=1),
        driver=driver,
        passengers=Passengers(**common("passenger"), **booking, driver=driver, pause=5),
        undecided=Undecided(**common("undecided"), **booking, waiter=patient, pause=1),
    )
