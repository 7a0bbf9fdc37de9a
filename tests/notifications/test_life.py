"""The life of messages and notices: what may follow what, quiet hours, fallback, outcome."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.delivery.domain import (
    LOOK_UP,
    RECEIPT_TIMEOUT,
    SEND,
    TRANSITIONS,
    Event,
    Message,
    News,
    Notice,
    Spared,
    State,
    apply,
    next_step,
    outcome_of,
)
from services.notifications.purposes import Purpose
from services.notifications.sending.domain import Answer, Result, news_of, news_of_look_up
from services.notifications.settings import Patience
from shared.clock import BERLIN
from shared.due import Urgency
from shared.events.notifications import Outcome

NOON = datetime(2026, 11, 23, 12, tzinfo=BERLIN)
EVENING = datetime(2026, 11, 23, 21, tzinfo=BERLIN)
START = datetime(2026, 11, 26, 9, tzinfo=BERLIN)
TERMINAL = {State(outcome.value) for outcome in Outcome}


def notice(*messages: Message, purpose: Purpose = Purpose.CONFIRMATION, **changes: object) -> Notice:
    values = {
        "id": uuid4(),
        "matter": uuid4(),
        "matter_version": 1,
        "cause": uuid4(),
        "recipient": "key",
        "purpose": purpose,
        "urgency": Urgency.DIRECT,
        "useful_until": START,
        "loud_from": None if purpose is Purpose.REMINDER else NOON,
        "addresses": {"mail": "mail key", "sms": "phone key"},
        "messages": messages,
    }
    return Notice(**values | changes)  # type: ignore[arg-type]


def mail(state: State = State.WAITING, **changes: object) -> Message:
    return Message(uuid4(), "mail", state, **changes)  # type: ignore[arg-type]


def sms(state: State = State.WAITING) -> Message:
    return Message(uuid4(), "sms", state)


def after(before: Notice, event: Event) -> Notice:
    return apply(before, before.messages[0].id, News(event), NOON)[0]


def test_what_happens_to_one_message_leaves_the_other_and_what_is_known_of_it_stays() -> None:
    before = notice(mail(State.UNKNOWN), sms())
    one, two = (each.id for each in before.messages)
    begun, _ = apply(before, two, News(Event.BEGUN, gateway="first", reference="7"), NOON)
    now, _ = apply(begun, two, News(Event.ACCEPTED), NOON)
    assert now.message(one) == before.message(one)
    known = now.message(two)
    assert (known.state, known.attempts, known.gateway, known.reference) == (State.ACCEPTED, 1, "first", "7")


@pytest.mark.parametrize(("event", "state"), list(product(Event, State)))
def test_an_event_is_taken_only_in_the_states_it_may_find(event: Event, state: State) -> None:
    before = notice(mail(state))
    allowed, follows = TRANSITIONS[event]
    if state in allowed:
        assert after(before, event).messages[0].state is follows
    else:
        assert apply(before, before.messages[0].id, News(event, error="late"), NOON) == (before, [])


def test_terminal_states_are_left_only_by_better_knowledge() -> None:
    left = {(state, follows) for allowed, follows in TRANSITIONS.values() for state in allowed & TERMINAL}
    assert left == {
        (State.UNKNOWN, State.DELIVERED),
        (State.UNKNOWN, State.FAILED),
        (State.DELIVERED, State.FAILED),
    }
    assert TRANSITIONS[Event.BEGUN] == (frozenset({State.WAITING}), State.SENDING)
    assert {event for event, (_, follows) in TRANSITIONS.items() if follows is State.WAITING} == {Event.POSTPONED}


@given(st.lists(st.tuples(st.sampled_from(Event), st.booleans()), max_size=25))
def test_a_message_is_never_sent_again_after_doubt_and_ends_once(events: list[tuple[Event, bool]]) -> None:
    current = notice(mail())
    in_doubt: set[UUID] = set()
    for event, first in events:
        message = current.messages[0 if first else -1]
        begun = {each.id: each.attempts for each in current.messages}
        current, _ = apply(current, message.id, News(event), NOON)
        for each in current.messages:
            if each.attempts > begun.get(each.id, 0):
                assert each.id not in in_doubt
            if each.state in (State.CHECKING, State.UNKNOWN):
                in_doubt.add(each.id)
    channels = [each.channel for each in current.messages]
    assert len(channels) == len(set(channels))
    assert current.outcome == outcome_of(current.messages)


@pytest.mark.parametrize(
    ("purpose", "state", "event", "fallback"),
    [
        (Purpose.CONFIRMATION, State.SENDING, Event.REFUSED, True),
        (Purpose.CONFIRMATION, State.DELIVERED, Event.BOUNCED, True),
        (Purpose.CONFIRMATION, State.SENDING, Event.LOST, True),
        (Purpose.REMINDER, State.SENDING, Event.LOST, False),
        (Purpose.REMINDER, State.SENDING, Event.REFUSED, True),
        (Purpose.CONFIRMATION, State.WAITING, Event.EXPIRED, False),
        (Purpose.CONFIRMATION, State.WAITING, Event.SUPERSEDED, False),
        (Purpose.REMINDER, State.WAITING, Event.SUPPRESSED, False),
    ],
)
def test_the_other_channel_takes_over_where_the_purpose_asks_for_it(
    purpose: Purpose, state: State, event: Event, fallback: bool
) -> None:
    before = notice(mail(state), purpose=purpose)
    now, work = apply(before, before.messages[0].id, News(event), NOON)
    assert [each.channel for each in now.messages] == (["mail", "sms"] if fallback else ["mail"])
    assert [each.kind for each in work] == ([SEND] if fallback else [])
    assert (now.outcome is None) is fallback


def test_no_fallback_without_another_address_nor_when_it_is_too_late() -> None:
    alone = notice(mail(State.SENDING), addresses={"mail": "key"})
    assert len(after(alone, Event.REFUSED).messages) == 1
    late = notice(mail(State.SENDING), useful_until=NOON)
    assert after(late, Event.REFUSED).outcome is Outcome.FAILED


def test_what_is_accepted_or_in_doubt_is_followed_up() -> None:
    sending = notice(sms(State.SENDING))
    for event, kind, wait in (
        (Event.ACCEPTED, RECEIPT_TIMEOUT, timedelta(hours=72)),
        (Event.UNANSWERED, LOOK_UP, timedelta(seconds=2)),
    ):
        _, [work] = apply(sending, sending.messages[0].id, News(event), NOON)
        assert (work.kind, work.due_at - NOON) == (kind, wait)


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        ([State.DELIVERED, State.FAILED], Outcome.DELIVERED),
        ([State.FAILED, State.WAITING], None),
        ([State.FAILED, State.ACCEPTED], None),
        ([State.FAILED, State.SUPERSEDED], Outcome.SUPERSEDED),
        ([State.FAILED, State.UNKNOWN], Outcome.UNKNOWN),
        ([State.FAILED, State.EXPIRED], Outcome.FAILED),
        ([State.NO_CHANNEL], Outcome.NO_CHANNEL),
    ],
)
def test_outcome_of_a_notice(outcomes: list[State], outcome: Outcome | None) -> None:
    assert outcome_of([mail(state) for state in outcomes]) is outcome


def step(of: Notice, now: datetime = NOON, outdated: bool = False, spared: Spared | None = None) -> News | datetime:
    return next_step(of, of.messages[0], outdated, spared, now)


def test_what_is_due_is_begun_unless_the_matter_moved_on_or_the_time_has_passed() -> None:
    assert step(notice(mail())) == News(Event.BEGUN)
    assert step(notice(mail()), outdated=True) == News(Event.SUPERSEDED)
    assert step(notice(mail()), START) == News(Event.EXPIRED)


def test_a_claim_whose_answer_nobody_knows_is_not_sent_again() -> None:
    assert step(notice(mail(State.SENDING))) == News(Event.LOST, error="interrupted")
    assert step(notice(sms(State.SENDING))) == News(Event.UNANSWERED, error="interrupted")


def test_optional_notices_spare_addresses_others_do_not() -> None:
    reminder = notice(mail(), purpose=Purpose.REMINDER)
    assert step(reminder, spared=Spared.COMPLAINT) == News(Event.SUPPRESSED, error="complaint")
    assert step(reminder, spared=Spared.UNDELIVERABLE) == News(Event.REFUSED, error="undeliverable")
    assert step(notice(mail()), spared=Spared.COMPLAINT) == News(Event.BEGUN)


def test_quiet_hours_hold_reminders_back_and_direct_answers_not() -> None:
    assert step(notice(mail()), EVENING) == News(Event.BEGUN)
    assert step(notice(mail(), purpose=Purpose.REMINDER), EVENING) == datetime(2026, 11, 24, 8, tzinfo=BERLIN)
    sunday = datetime(2026, 11, 29, 12, tzinfo=BERLIN)
    later = notice(mail(), purpose=Purpose.REMINDER, useful_until=START + timedelta(days=9))
    assert step(later, sunday) == datetime(2026, 11, 30, 8, tzinfo=BERLIN)


def test_a_change_waits_for_the_morning_but_not_within_a_day_of_the_start() -> None:
    change = notice(mail(), loud_from=START - timedelta(hours=24))
    assert step(change, EVENING) == datetime(2026, 11, 24, 8, tzinfo=BERLIN)
    assert step(change, START - timedelta(hours=12)) == News(Event.BEGUN)
    at_dawn = notice(mail(), loud_from=datetime(2026, 11, 24, 5, tzinfo=BERLIN))
    assert step(at_dawn, EVENING) == datetime(2026, 11, 24, 5, tzinfo=BERLIN)


def test_what_would_wait_past_its_use_expires_visibly() -> None:
    early = notice(mail(), purpose=Purpose.REMINDER, useful_until=datetime(2026, 11, 24, 8, tzinfo=BERLIN))
    assert step(early, EVENING) == News(Event.EXPIRED, error="quiet hours")


PATIENCE = Patience(first=timedelta(seconds=2), longest=timedelta(minutes=15), tries=3)


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (Answer.DELIVERED, Event.DELIVERED),
        (Answer.ACCEPTED, Event.ACCEPTED),
        (Answer.REFUSED, Event.REFUSED),
        (Answer.NONE, Event.LOST),
        (Answer.NOT_NOW, Event.POSTPONED),
        (Answer.TOO_FAST, Event.POSTPONED),
        (Answer.AWAY, Event.POSTPONED),
    ],
)
def test_what_an_answer_means(answer: Answer, event: Event) -> None:
    assert news_of(Result(answer), mail(State.SENDING, attempts=1), PATIENCE, NOON).event is event


def test_only_refusals_of_the_message_use_up_its_tries() -> None:
    tired = mail(State.SENDING, attempts=9, tries=2)
    assert news_of(Result(Answer.NOT_NOW), tired, PATIENCE, NOON).event is Event.REFUSED
    for answer in (Answer.AWAY, Answer.TOO_FAST):
        news = news_of(Result(answer), tired, PATIENCE, NOON)
        assert (news.event, news.counts) == (Event.POSTPONED, False)


@given(attempts=st.integers(1, 10_000))
def test_pauses_grow_to_a_limit_and_vary(attempts: int) -> None:
    message = mail(State.SENDING, attempts=attempts)
    again_at = news_of(Result(Answer.NOT_NOW), message, PATIENCE, NOON).again_at
    assert again_at
    full = min(PATIENCE.longest, PATIENCE.first * 2 ** min(attempts - 1, 16))
    assert full / 2 <= again_at - NOON <= full
    away = news_of(Result(Answer.AWAY), message, PATIENCE, NOON).again_at
    assert away
    assert away - NOON <= PATIENCE.away_longest


def test_a_throttled_message_waits_as_told_yet_not_past_its_use() -> None:
    told = Result(Answer.TOO_FAST, wait=timedelta(minutes=3))
    sending = notice(mail(State.SENDING, attempts=1))
    news = news_of(told, sending.messages[0], PATIENCE, NOON)
    _, [work] = apply(sending, sending.messages[0].id, news, NOON)
    assert work.due_at == NOON + timedelta(minutes=3)
    ending = replace(sending, useful_until=NOON + timedelta(minutes=1))
    _, [work] = apply(ending, ending.messages[0].id, news, NOON)
    assert work.due_at == ending.useful_until


def test_fruitless_questions_end_in_unknown() -> None:
    doubtful = notice(sms(State.SENDING), purpose=Purpose.REMINDER)
    current = after(doubtful, Event.UNANSWERED)
    asked = 0
    while current.messages[0].state is State.CHECKING:
        asked += 1
        current, _ = apply(current, current.messages[0].id, news_of_look_up(None, current.messages[0]), NOON)
    assert (asked, current.outcome) == (5, Outcome.UNKNOWN)
    found = Result(Answer.ACCEPTED, reference="7")
    known, _ = apply(
        after(doubtful, Event.UNANSWERED), doubtful.messages[0].id, news_of_look_up(found, sms()), NOON.astimezone(UTC)
    )
    assert (known.messages[0].state, known.messages[0].reference) == (State.ACCEPTED, "7")
