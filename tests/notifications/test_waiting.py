"""Telling those who wait: what they are told when, and any order of facts."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notifications.telling.domain import NoticePlan, notices_for
from services.notifications.telling.matters.waiting import WAITING_LIST
from shared.clock import BERLIN
from shared.due import Urgency
from shared.events.appointments import WaitingFact
from tests.notifications.facts import MONDAY_NOON, left, offer_ended, person, received, seat_offered, waiting
from tests.notifications.kit import Post

CAUSE = UUID("0199f0a0-0000-7000-8000-000000000001")
JOINED = waiting()
OFFERED = seat_offered(JOINED)
EXPIRED = offer_ended(OFFERED)
OFFERED_AGAIN = seat_offered(EXPIRED, MONDAY_NOON + timedelta(days=10))
OVER = left(EXPIRED)
LINE = (JOINED, OFFERED, EXPIRED, OVER)


def plans(fact: WaitingFact, known: WaitingFact | None = None) -> dict[str, NoticePlan]:
    told = notices_for(WAITING_LIST, known, received(fact), person())
    return {plan.purpose: plan for plan in told}


def test_who_joins_is_told_at_once() -> None:
    [(purpose, plan)] = plans(JOINED).items()
    assert (purpose, plan.urgency, plan.due_at) == ("waiting", Urgency.DIRECT, MONDAY_NOON)
    assert plan.loud_from == MONDAY_NOON


def test_whom_the_city_put_on_the_list_the_cancellation_tells() -> None:
    assert plans(JOINED.model_copy(update={"instead_of": CAUSE})) == {}
    assert set(plans(OFFERED, JOINED)) == {"seat-offer"}


def test_an_offer_goes_before_all_else_and_is_useful_until_its_deadline() -> None:
    [(purpose, plan)] = plans(OFFERED, JOINED).items()
    assert (purpose, plan.urgency, plan.due_at) == ("seat-offer", Urgency.URGENT, MONDAY_NOON)
    assert plan.useful_until == MONDAY_NOON + timedelta(hours=2)
    assert plan.loud_from is None, "an offer made at night runs from 8 o'clock"


def test_an_expired_offer_is_told_once_a_declined_one_not() -> None:
    assert set(plans(EXPIRED, OFFERED)) == {"offer-ended"}
    assert plans(offer_ended(OFFERED, "declined"), OFFERED) == {}
    assert set(plans(OFFERED_AGAIN, EXPIRED)) == {"seat-offer"}


def test_a_withdrawn_offer_is_told_before_all_else() -> None:
    [(purpose, plan)] = plans(offer_ended(OFFERED, "withdrawn"), OFFERED).items()
    assert (purpose, plan.urgency, plan.due_at) == ("offer-ended", Urgency.URGENT, MONDAY_NOON)


def test_the_end_is_told_only_to_those_who_did_not_choose_it() -> None:
    [(purpose, plan)] = plans(OVER, JOINED).items()
    assert purpose == "waiting-over"
    assert plan.useful_until > datetime(2026, 12, 21, 8, tzinfo=BERLIN)
    assert plans(left(OFFERED, "booked"), OFFERED) == {}
    assert plans(left(OFFERED, "left"), OFFERED) == {}


async def test_an_offer_not_yet_told_gives_way_when_it_is_answered(post: Post) -> None:
    answered = left(OFFERED, "booked")
    await post.take(received(JOINED), received(OFFERED), received(answered))
    assert await post.states(JOINED.id, "seat-offer") == {"mail": "superseded"}


async def test_an_offer_reaches_the_person_with_its_deadline(open_post: Post) -> None:
    entry = waiting(person("delivered"))
    await open_post.take(received(entry), received(seat_offered(entry)))
    await open_post.until(entry.id, "seat-offer", mail="delivered")
    mails = [message_from_bytes(each.source, policy=default) for each in open_post.received("mail")]
    [mail] = [each for each in mails if str(each["Subject"]).startswith("Frei geworden: Donnerstag, 26. November")]
    assert "bis Mo., 23.11. 14:00 Uhr" in str(mail["Subject"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_order_of_facts_about_waiting_ends_the_same(post: Post, data: st.DataObject) -> None:
    newest = len(LINE) - 1
    kept = data.draw(st.lists(st.integers(0, newest - 1), unique=True))
    order = data.draw(st.permutations([*kept, *kept[:1], newest]))
    events = [received(fact) for fact in LINE]
    await post.rows("with gone as (delete from matters returning 1) select count(*) from gone")
    await post.take(*(events[each] for each in order))
    [matter] = await post.rows("select version, fact -> 'entry' ->> 'status' as status from matters")
    assert (matter.version, matter.status) == (OVER.version, "over")
    told = [entry for entry in await post.log(OVER.id) if entry.state == "waiting"]
    assert [entry.purpose for entry in told] == ["waiting-over"]
