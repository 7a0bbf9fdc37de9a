"""Rules of a stop on its way from the plan to its end, and the figures people are promised."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.mobile_office.fleet.domain import Plan, cannot_follow, with_vehicle
from services.mobile_office.tours.breakdown import CANCEL, Answer, Decision, propose
from services.mobile_office.tours.changes import check_minutes, check_to_come
from services.mobile_office.tours.domain import (
    Change,
    PlannedWeek,
    Stop,
    StopStatus,
    Visits,
    WarningKind,
    cancelled,
    delayed,
    fingerprint,
    made_late,
    state_of,
    warnings,
)
from services.mobile_office.tours.reasons import Reason
from services.mobile_office.tours.refusals import DelayUnfit, NotAnnounced, StopOver
from shared.events.mobile_office import StopReason
from shared.problems import NotFound
from tests.mobile_office.kit import FLEET, MONDAY, NEXT, ONE, OTHER, at

NOW = at(MONDAY, 7)
EASTER_MONDAY = date(2027, 3, 29)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
WHY = Reason(StopReason.TRAFFIC, "Stau")


def plan(place: str = "marxloh", first: int = 9, last: int = 12, **more: Any) -> Plan:
    return replace(Plan(ONE, place, at(NEXT, first), at(NEXT, last), 1), **more)


def stop(planned: Plan, status: StopStatus = StopStatus.SCHEDULED, told: Plan | None = None, minutes: int = 0) -> Stop:
    """A stop that was announced as it is planned, or as another plan has it."""
    if status is StopStatus.PLANNED:
        return Stop(uuid4(), 0, NEXT, status, planned)
    state = delayed(state_of(told or planned, FLEET), minutes, WHY)
    return Stop(
        uuid4(), 1, NEXT, status, planned, announced=cancelled(state, WHY) if status is StopStatus.CANCELLED else state
    )


def test_a_week_announces_what_is_new_changed_or_dropped_and_nothing_of_what_was_called_off() -> None:
    later = plan(arrives_at=at(NEXT, 10))
    assert stop(plan(), StopStatus.PLANNED).change is Change.NEW
    assert stop(plan()).change is None
    assert stop(later, told=plan()).change is Change.CHANGED
    assert replace(stop(later, told=plan()), dropped=True).change is Change.DROPPED
    assert replace(stop(later, StopStatus.CANCELLED, told=plan()), dropped=True).change is None
    assert stop(later, StopStatus.CANCELLED, told=plan()).change is None
    for changed in ({"vehicle": OTHER}, {"place": "fahrn"}, {"departs_at": at(NEXT, 13)}, {"counters": 2}):
        told = replace(plan(), **changed)
        assert stop(plan(), told=told).change is Change.CHANGED


@pytest.mark.parametrize(
    ("planned", "told", "until"),
    [
        (plan(), None, at(NEXT, 9)),
        (plan(first=10), plan(), at(NEXT, 10)),
        (plan(first=10, last=15), plan(last=9, departs_at=at(NEXT, 9, 30)), at(NEXT, 9, 30)),
    ],
    ids=["new", "changed", "over where it was announced"],
)
def test_what_has_begun_is_announced_no_more(planned: Plan, told: Plan | None, until: datetime) -> None:
    found = stop(planned, StopStatus.SCHEDULED if told else StopStatus.PLANNED, told)
    assert found.change_at(until - SECOND) is found.change
    assert found.change_at(until) is None


def test_what_is_dropped_is_called_off_until_it_is_over() -> None:
    found = replace(stop(plan()), dropped=True)
    assert found.change_at(at(NEXT, 12) - SECOND) is Change.DROPPED
    assert found.change_at(at(NEXT, 12)) is None


def test_a_vehicle_needs_the_whole_way_before_and_after() -> None:
    way = FLEET.travel("marxloh", "wehofen")
    before = plan("wehofen", arrives_at=at(NEXT, 7), departs_at=at(NEXT, 9) - way)
    after = plan("wehofen", arrives_at=at(NEXT, 12) + way, departs_at=at(NEXT, 15))
    assert way > timedelta()
    assert cannot_follow(plan(), [before, after], FLEET) is None
    for late in (
        replace(before, departs_at=before.departs_at + SECOND),
        replace(after, arrives_at=after.arrives_at - SECOND),
    ):
        assert cannot_follow(plan(), [late], FLEET) == late
        assert cannot_follow(plan(), [replace(late, vehicle=OTHER)], FLEET) is None


def test_a_delay_runs_through_the_day_as_far_as_the_breaks_do_not_take_it_up() -> None:
    way = FLEET.travel("marxloh", "wehofen")
    first, second = stop(plan()), stop(plan("wehofen", arrives_at=at(NEXT, 12) + way, departs_at=at(NEXT, 15)))
    third = stop(plan("wehofen", arrives_at=at(NEXT, 15, 10), departs_at=at(NEXT, 18)))
    day = [third, first, second]
    assert made_late(day, {}, FLEET) == {}
    assert made_late(day, {first.id: 10}, FLEET) == {second.id: 10}
    assert made_late(day, {first.id: 11}, FLEET) == {second.id: 15, third.id: 5}, "in steps of five minutes"
    assert made_late(day, {first.id: 11, second.id: 15}, FLEET) == {third.id: 5}
    assert made_late(day, {first.id: 11, second.id: 20}, FLEET) == {third.id: 10}, "what is given may be more"
    known = stop(second.plan, minutes=30)
    assert made_late([first, known], {first.id: 20}, FLEET) == {}, "it is known that it is later"


def test_a_delay_needs_its_reason_and_being_in_time_or_called_off_takes_it_back() -> None:
    state = delayed(state_of(plan(), FLEET), 20, WHY)
    assert (state.delay_minutes, state.reason) == (20, "Stau")
    in_time = delayed(state, 0, WHY)
    assert (in_time.delay_minutes, in_time.reason, in_time.known_reason) == (0, None, None)
    off = cancelled(state, Reason(StopReason.BREAKDOWN, "Panne"))
    assert (off.status, off.delay_minutes, off.reason) == ("cancelled", 0, "Panne")


def test_what_is_later_than_four_hours_does_not_take_place() -> None:
    for minutes in (0, 240):
        check_minutes(minutes)
    for minutes in (-1, 241):
        with pytest.raises(DelayUnfit):
            check_minutes(minutes)


def test_a_stop_is_over_when_it_departs_with_its_delay() -> None:
    late = stop(plan(), minutes=30)
    assert check_to_come(late, at(NEXT, 12, 30) - SECOND) == late
    for found, now, refused in (
        (late, at(NEXT, 12, 30), StopOver),
        (stop(plan()), at(NEXT, 12), StopOver),
        (stop(plan(), StopStatus.CANCELLED), NOW, StopOver),
        (stop(plan(), StopStatus.PLANNED), NOW, NotAnnounced),
        (None, NOW, NotFound),
    ):
        with pytest.raises(refused):
            check_to_come(found, now)


def test_a_preview_is_another_when_anything_it_says_is() -> None:
    one, other = stop(plan()), stop(plan())
    said = [(one, Change.CHANGED)]
    shown = fingerprint(3, said, {one.id: 2})
    assert fingerprint(3, list(said), {one.id: 2, other.id: 4}) == shown
    for different in (
        fingerprint(4, said, {one.id: 2}),
        fingerprint(3, said, {one.id: 3}),
        fingerprint(3, said, {}),
        fingerprint(3, [(one, Change.DROPPED)], {one.id: 2}),
        fingerprint(3, [(replace(one, version=2), Change.CHANGED)], {one.id: 2}),
        fingerprint(3, [(replace(one, id=other.id), Change.CHANGED)], {one.id: 2, other.id: 2}),
        fingerprint(3, [*said, (other, Change.NEW)], {one.id: 2}),
    ):
        assert different != shown


def test_of_a_broken_vehicle_each_stop_gets_another_that_is_free_or_none() -> None:
    first, second = stop(plan()), stop(plan("fahrn", 10, 11))
    replaced = Answer(Decision.REPLACE, vehicle=OTHER)
    assert propose([first, second], [], FLEET) == {first.id: replaced, second.id: CANCEL}, "one cannot be at both"
    assert propose([first], [plan(vehicle=OTHER, place="fahrn")], FLEET) == {first.id: CANCEL}
    assert propose([first], [plan()], FLEET) == {first.id: replaced}


def test_another_vehicle_serves_at_no_more_counters_than_it_has() -> None:
    vehicles = {
        key: replace(FLEET.vehicles[OTHER], key=key, counters=counters) for key, counters in ((ONE, 3), (OTHER, 2))
    }
    fleet = replace(FLEET, vehicles=vehicles)
    assert [with_vehicle(plan(counters=counters), OTHER, fleet).counters for counters in (1, 2, 3)] == [1, 2, 2]
    assert with_vehicle(plan(), OTHER, fleet) == plan(vehicle=OTHER)


def long_gaps(last: int) -> list[UUID | int | None]:
    """The weeks a quarter is said to have been without a stop, its last visit so many days before the week's end."""
    visits = {101: NEXT + timedelta(days=7 - last)}
    found = warnings(PlannedWeek(NEXT, [], []), Visits({100: [101]}, visits), FLEET, NOW)
    return [each.weeks for each in found if each.kind is WarningKind.LONG_GAP]


def test_a_quarter_is_named_after_more_than_eight_weeks_without_a_stop() -> None:
    assert long_gaps(56) == []
    assert long_gaps(57) == [8]
    never = warnings(PlannedWeek(NEXT, [], []), Visits({100: [101]}, {}), FLEET, NOW)
    assert [(each.quarter, each.weeks) for each in never if each.kind is WarningKind.LONG_GAP] == [(101, None)]


def test_a_week_warns_of_stops_that_take_place() -> None:
    begun: dict[str, Any] = {"arrives_at": NOW, "departs_at": at(MONDAY, 9)}
    unknown, known = stop(plan(**begun), StopStatus.PLANNED), stop(plan(**begun))
    holiday = stop(plan(arrives_at=at(EASTER_MONDAY, 9), departs_at=at(EASTER_MONDAY, 12)))
    off = stop(plan("fahrn"), StopStatus.CANCELLED)
    places = {**FLEET.places, "wehofen": replace(FLEET.places["wehofen"], permit_until=NEXT - timedelta(days=1))}
    forbidden, allowed = stop(plan("wehofen")), stop(plan("wehofen", arrives_at=NOW, departs_at=at(MONDAY, 9)))
    there = [unknown, known, holiday, off, replace(stop(plan("fahrn")), dropped=True), forbidden, allowed]
    quarters = {1: [places["marxloh"].quarter, -1], 2: [places["fahrn"].quarter]}
    found = warnings(PlannedWeek(NEXT, there, [MONDAY]), Visits(quarters, {}), replace(FLEET, places=places), NOW)
    assert {(each.kind, each.stop or each.day or each.district) for each in found if not each.quarter} == {
        (WarningKind.LEFT_OUT, MONDAY),
        (WarningKind.TOO_LATE, unknown.id),
        (WarningKind.HOLIDAY, holiday.id),
        (WarningKind.NO_PERMIT, forbidden.id),
        (WarningKind.DISTRICT_MISSED, 2),
    }


def test_a_stop_is_step_free_where_place_and_vehicle_are() -> None:
    place, vehicle = FLEET.places["marxloh"], FLEET.vehicles[ONE]
    for at_place in (True, False):
        for in_vehicle in (True, False):
            places = {**FLEET.places, "marxloh": replace(place, step_free=at_place)}
            fleet = replace(FLEET, places=places, vehicles={ONE: replace(vehicle, step_free=in_vehicle)})
            assert state_of(plan(), fleet).place.step_free is (at_place and in_vehicle)
