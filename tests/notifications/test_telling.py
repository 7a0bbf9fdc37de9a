"""What people are told: the table, ids, channels, reminders, and any order of facts."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.docs import who_is_told
from services.notifications.news.circulars import TO_SUBSCRIBERS
from services.notifications.news.domain import RULES
from services.notifications.purposes import POLICIES, Purpose
from services.notifications.telling.domain import (
    NO_CHANNEL,
    NoticePlan,
    notices_for,
)
from services.notifications.telling.matters import KINDS
from services.notifications.telling.matters.appointments import APPOINTMENTS
from shared.calendar import is_working_day
from shared.clock import BERLIN
from shared.due import Urgency
from shared.events.appointments import AppointmentFact, DecidedBy
from shared.events.base import Received
from tests.notifications.facts import (
    MONDAY_NOON,
    THURSDAY,
    booked,
    cancelled,
    delayed,
    missed,
    offered,
    person,
    received,
    rescheduled,
)
from tests.notifications.kit import Post
from tests.notifications.stops import booked_at, scheduled

CAUSE = UUID("0199f0a0-0000-7000-8000-000000000001")


def plans(
    fact: AppointmentFact, happened_at: datetime = MONDAY_NOON, known: AppointmentFact | None = None
) -> dict[str, NoticePlan]:
    told = notices_for(APPOINTMENTS, known, Received(fact, CAUSE, CAUSE, happened_at), person())
    return {plan.purpose: plan for plan in told}


def test_a_booking_is_confirmed_at_once_and_remembered_at_four_on_the_working_day_before() -> None:
    told = plans(booked())
    assert set(told) == {"confirmation", "reminder"}
    assert told["confirmation"].due_at == MONDAY_NOON
    assert told["confirmation"].useful_until == THURSDAY
    assert told["reminder"].due_at == datetime(2026, 11, 25, 16, tzinfo=BERLIN)
    assert told["reminder"].useful_until == THURSDAY - timedelta(hours=1)
    assert told["reminder"].loud_from is None


def test_a_reminder_skips_weekends_and_holidays() -> None:
    new_year_monday = datetime(2027, 1, 4, 9, tzinfo=BERLIN)
    assert plans(booked(starts_at=new_year_monday))["reminder"].due_at == datetime(2026, 12, 31, 16, tzinfo=BERLIN)


def test_who_books_after_the_time_of_the_reminder_gets_none() -> None:
    evening_before = datetime(2026, 11, 25, 16, tzinfo=BERLIN)
    assert set(plans(booked(), evening_before)) == {"confirmation"}
    assert set(plans(booked(), evening_before - timedelta(seconds=1))) == {"confirmation", "reminder"}


@given(minutes=st.integers(24 * 60, 900 * 24 * 60))
def test_every_reminder_comes_at_four_on_an_earlier_working_day(minutes: int) -> None:
    starts_at = MONDAY_NOON + timedelta(minutes=minutes)
    reminder = plans(booked(starts_at=starts_at), MONDAY_NOON - timedelta(days=9))["reminder"]
    local = reminder.due_at.astimezone(BERLIN)
    assert (local.hour, local.minute) == (16, 0)
    assert is_working_day(local.date())
    assert local.date() < starts_at.astimezone(BERLIN).date()


def test_a_cancellation_by_the_citizen_is_answered_directly_by_the_city_within_a_day_urgently() -> None:
    by_citizen = plans(cancelled(booked()))["cancellation"]
    by_city = plans(cancelled(booked(), DecidedBy.CITY))["cancellation"]
    assert (by_citizen.urgency, by_citizen.loud_from) == (Urgency.DIRECT, MONDAY_NOON)
    assert (by_city.urgency, by_city.loud_from) == (Urgency.URGENT, THURSDAY - timedelta(hours=24))


def test_a_move_is_told_and_the_reminder_follows_the_new_time() -> None:
    moved = rescheduled(booked())
    told = plans(moved, known=booked())
    assert set(told) == {"rescheduling", "reminder"}
    assert told["rescheduling"].urgency is Urgency.DIRECT
    assert told["reminder"].due_at == plans(booked())["reminder"].due_at + timedelta(days=1)
    assert told["reminder"].id != plans(booked())["reminder"].id


def test_a_move_by_the_city_is_told_in_time_for_the_old_appointment() -> None:
    later = rescheduled(booked(), DecidedBy.CITY, starts_at=THURSDAY + timedelta(days=7))
    earlier = rescheduled(booked(), DecidedBy.STAFF, starts_at=THURSDAY - timedelta(days=1))
    assert plans(later)["rescheduling"].loud_from == THURSDAY - timedelta(hours=24)
    assert plans(earlier)["rescheduling"].loud_from == THURSDAY - timedelta(days=1, hours=24)


def test_who_was_missed_is_told_in_the_day_and_for_three_days_and_addresses_in_doubt_are_spared() -> None:
    begun = booked()
    told = plans(missed(begun), THURSDAY, known=begun)
    assert set(told) == {"missed"}
    assert (told["missed"].due_at, told["missed"].loud_from) == (THURSDAY, None)
    assert told["missed"].useful_until == begun.appointment.ends_at + timedelta(days=3)
    assert POLICIES[Purpose.MISSED].optional


def test_an_alternative_is_told_at_once_while_it_can_be_taken_and_reminded_of_once_it_was() -> None:
    first, deadline = booked(), MONDAY_NOON + timedelta(days=2)
    asked = offered(first, until=deadline)
    [told] = plans(asked, known=first).values()
    assert (told.purpose, told.urgency, told.due_at) == (Purpose.ALTERNATIVE, Urgency.URGENT, MONDAY_NOON)
    assert (told.useful_until, told.loud_from) == (deadline, deadline - timedelta(hours=24))
    taken = asked.appointment.model_copy(update={"status": "confirmed", "instead_of": None})
    by_citizen = rescheduled(first).model_copy(update={"version": 3, "appointment": taken})
    assert set(plans(by_citizen, known=asked)) == {"rescheduling", "reminder"}
    assert set(plans(cancelled(asked, DecidedBy.CITY), known=asked)) == {"cancellation"}


def test_a_delay_is_told_at_once_until_the_expected_start_and_the_reminder_stays() -> None:
    first = booked_at(scheduled())
    late = delayed(first, 20)
    told = plans(late, known=first)
    assert set(told) == {"delay", "reminder"}
    assert (told["delay"].urgency, told["delay"].due_at) == (Urgency.URGENT, MONDAY_NOON)
    assert told["delay"].useful_until == THURSDAY + timedelta(minutes=20)
    assert told["delay"].loud_from == THURSDAY - timedelta(hours=24)
    assert told["reminder"].due_at == plans(first)["reminder"].due_at
    on_the_day = THURSDAY - timedelta(hours=1)
    assert set(plans(late, on_the_day, known=first)) == {"delay"}
    assert set(plans(delayed(late, 0), on_the_day, known=late)) == {"delay"}, "on time after all"
    assert plans(delayed(late, 20), on_the_day, known=late) == {}
    called_off = cancelled(late, DecidedBy.CITY)
    assert plans(called_off, THURSDAY, known=late)["cancellation"].useful_until == THURSDAY + timedelta(minutes=20)


def test_a_stop_may_move_and_keep_its_key_a_station_does_not() -> None:
    first, at_station = booked_at(scheduled()), booked()
    for known, told in ((first, {"rescheduling", "reminder"}), (at_station, set())):
        place = known.appointment.place.model_copy(update={"name": "Marktplatz"})
        assert set(plans(rescheduled(known, DecidedBy.CITY, starts_at=THURSDAY, place=place), known=known)) == told


def test_who_only_changes_the_counter_is_told_nothing() -> None:
    first = booked()
    moved = rescheduled(first, DecidedBy.CITY, starts_at=THURSDAY, counter="4")
    assert plans(moved, known=first) == {}


def test_only_what_differs_is_told() -> None:
    first = booked()
    again = first.model_copy(update={"version": 2})
    gone = cancelled(first)
    assert plans(again, known=first) == {}
    assert set(plans(gone, known=first)) == {"cancellation"}
    assert plans(gone.model_copy(update={"version": 3}), known=gone) == {}


def test_the_forgotten_are_told_nothing() -> None:
    assert notices_for(APPOINTMENTS, None, received(booked()), None) == []


@pytest.mark.parametrize(
    ("chosen", "mail", "phone", "first", "reachable"),
    [
        (["mail"], "a", "1", ["mail"], ["mail", "sms"]),
        (["sms"], "a", "1", ["sms"], ["mail", "sms"]),
        (["sms", "mail"], "a", "1", ["mail", "sms"], ["mail", "sms"]),
        (["sms"], "a", None, ["mail"], ["mail"]),
        ([], "a", "1", ["mail"], ["mail", "sms"]),
        (["mail"], None, None, [NO_CHANNEL], []),
    ],
)
def test_channels_are_those_chosen_and_known(
    chosen: list[str], mail: str | None, phone: str | None, first: list[str], reachable: list[str]
) -> None:
    fact = booked(channels=chosen)
    for plan in notices_for(APPOINTMENTS, None, received(fact), person(mail, phone)):
        assert list(plan.messages) == first
        assert plan.reachable == reachable


def test_ids_are_the_same_for_whoever_computes_them_and_differ_by_cause_and_purpose() -> None:
    fact = booked(channels=["mail", "sms"])
    first, second = plans(fact), plans(fact)
    assert first == second
    others = notices_for(APPOINTMENTS, None, received(fact), person())
    ids = [id for plan in [*first.values(), *others] for id in [plan.id, *plan.messages.values()]]
    assert len(set(ids)) == len(ids)


def test_every_rule_has_words_and_the_table_shows_every_rule() -> None:
    table = who_is_told()
    rules = [rule for kind in KINDS for rule in kind.rules]
    assert {rule.purpose for rule in rules} | TO_SUBSCRIBERS == set(Purpose) - {Purpose.STILL_BOOKED}, "answers a reply"
    assert len(table.splitlines()) == len(rules) + sum(len(rule.tellings) for rule in RULES) + 2
    assert "| AppointmentCancelled by city or staff | citizen | cancellation | urgent |" in table


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Received[AppointmentFact]], list[int]]:
    """A history of one appointment, and an order in which its facts come: repeated or dropped, but not the newest."""
    first = received(booked(channels=draw(st.sampled_from([["mail"], ["sms"], ["mail", "sms"]]))))
    history = [first]
    for version in range(2, 2 + draw(st.integers(0, 2))):
        again = first.fact.model_copy(update={"version": version})
        history.append(Received(again, uuid4(), first.cause, MONDAY_NOON))
    for minutes in draw(st.lists(st.integers(1, 90), max_size=2, unique=True)):
        history.append(received(delayed(history[-1].fact, minutes)))
    for _ in range(draw(st.integers(0, 2))):
        history.append(received(rescheduled(history[-1].fact, draw(st.sampled_from(DecidedBy)))))
    if draw(st.booleans()):
        history.append(received(cancelled(history[-1].fact, draw(st.sampled_from(DecidedBy)))))
    elif draw(st.booleans()):
        history.append(received(missed(history[-1].fact)))
    newest_index = len(history) - 1
    others = draw(st.lists(st.integers(0, newest_index), max_size=6))
    return history, draw(st.permutations([*others, newest_index]))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries())
async def test_any_order_of_facts_ends_in_the_same_state_and_the_same_messages(
    post: Post, delivery: tuple[list[Received[AppointmentFact]], list[int]]
) -> None:
    history, order = delivery
    matter = history[0].fact.id
    await post.take(*(history[index] for index in order))
    [row] = await post.rows("select version, fact from matters where id = :id", id=matter)
    assert row.version == history[-1].fact.version
    assert row.fact["appointment"]["status"] == history[-1].fact.appointment.status
    valid = {entry.message for entry in await post.log(matter) if entry.state != "superseded"}
    newest = history[-1]
    expected = {id for plan in notices_for(APPOINTMENTS, None, newest, person()) for id in plan.messages.values()}
    assert valid == expected
