"""Replies to SMS: what people want, what they mean, and what follows."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.far_ends.records import NewReport, ReportKind
from deploy.local.far_ends.store import Store
from deploy.local.laptop import REPLY_NUMBER
from services.notifications.replies.domain import Decision, Told, Wish, decide, reply_id, understand
from shared.events.notifications import ReplyAnswer
from tests.notifications.facts import MONDAY_NOON, THURSDAY, cancelled, delayed, person, received, rescheduled
from tests.notifications.kit import Post
from tests.notifications.replies import ANNA, EVENING_BEFORE, NO_RECEIPT, by_sms, remind, replies, write
from tests.notifications.stops import booked_at, scheduled
from tests.support.wait import eventually


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *[(text, Wish.CANCEL) for text in ("2", " 2. ", "2!", "„2“", "2️⃣", "２", "٢", "(2)", "2\n", "2 = absagen")],
        *[(text, Wish.CANCEL) for text in ("Absagen", "ABSAGEN!!", "bitte absagen", "Ich möchte den Termin absagen")],
        *[(text, Wish.CANCEL) for text in ("Ich sage ab, danke.", "stornieren", "please cancel my appointment")],
        *[(text, Wish.CANCEL) for text in ("İptal", "randevumu iptal ediyorum", "إلغاء", "إلغاء الموعد من فضلك")],
        *[(text, Wish.STOP) for text in ("STOP", "Stopp!", "stop bitte")],
        *[(text, None) for text in ("", " ", "?", "2?", "2 Personen", "bitte nicht absagen", "1", "22", "Danke!")],
        *[(text, None) for text in ("Ab 2", "2 oder 3", "STOP 2", "Wer sind Sie", "لا تلغ", "👍", "Termin")],
    ],
)
def test_what_an_sms_asks_for(text: str, wish: Wish | None) -> None:
    assert understand(text) is wish


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_and_doubt_cancels_nothing(text: str) -> None:
    understand(text)
    assert understand(f"{text} nicht") is None


def told(days: int = 0, asked: UUID | None = None, cancelled: bool = False) -> Told:
    """A matter somebody was told of; it starts some days after Thursday."""
    return Told(uuid4(), 1, THURSDAY + timedelta(days=days), cancelled, asked)


REMINDER = uuid4()
ASKED, NEXT = told(asked=REMINDER), told(days=1, asked=uuid4())
GONE = told(asked=uuid4(), cancelled=True)
UNASKED = told(days=5)


@pytest.mark.parametrize(
    ("wish", "matters", "decision"),
    [
        (Wish.CANCEL, [ASKED], Decision(cancel=ASKED)),
        (Wish.CANCEL, [UNASKED, ASKED, GONE], Decision(cancel=ASKED)),
        (Wish.CANCEL, [NEXT, ASKED], Decision(answer=[ASKED, NEXT])),
        (Wish.CANCEL, [UNASKED], Decision(answer=[UNASKED])),
        (Wish.CANCEL, [GONE, UNASKED], Decision()),
        (Wish.CANCEL, [], Decision()),
        (None, [UNASKED, ASKED], Decision(answer=[ASKED])),
        (None, [UNASKED], Decision()),
        (None, [GONE], Decision()),
    ],
)
def test_only_what_is_beyond_doubt_is_cancelled(wish: Wish | None, matters: list[Told], decision: Decision) -> None:
    assert decide(wish, matters, MONDAY_NOON) == decision


def test_at_its_start_an_appointment_can_no_longer_be_cancelled() -> None:
    assert decide(Wish.CANCEL, [ASKED], THURSDAY - timedelta(seconds=1)) == Decision(cancel=ASKED)
    assert decide(Wish.CANCEL, [ASKED], THURSDAY) == Decision(answer=[ASKED])


def test_no_more_than_three_matters_are_answered_about() -> None:
    many = [told(days, uuid4()) for days in range(5)]
    assert decide(Wish.CANCEL, many[::-1], MONDAY_NOON) == Decision(answer=many[:3])


def test_the_same_answer_to_the_same_reminder_is_the_same_reply() -> None:
    assert reply_id(REMINDER, ReplyAnswer.CANCEL) == reply_id(REMINDER, ReplyAnswer.CANCEL)
    assert reply_id(REMINDER, ReplyAnswer.CANCEL) != reply_id(uuid4(), ReplyAnswer.CANCEL)


async def texts(post: Post) -> list[str]:
    return [json.loads(sms.source)["text"] for sms in post.received("sms")]


async def test_a_reminder_that_can_be_answered_says_how_and_comes_from_a_number(asking: Post) -> None:
    await remind(asking, by_sms())
    confirmation, reminder = asking.received("sms")
    assert (confirmation.sender, reminder.sender) == ("Duisburg", REPLY_NUMBER)
    assert ["Zum Absagen mit 2 antworten." in text for text in await texts(asking)] == [False, True]


async def test_a_reminder_says_nothing_of_answers_where_nothing_takes_them(open_post: Post) -> None:
    await remind(open_post, by_sms())
    assert {sms.sender for sms in open_post.received("sms")} == {"Duisburg"}
    assert not any("2 =" in text for text in await texts(open_post))


async def test_an_answer_is_handed_on_once_however_often_it_comes(asking: Post) -> None:
    fact = by_sms()
    await remind(asking, fact)
    await write(asking, "2", times=4)
    await write(asking, "Bitte absagen!", sender=ANNA.removeprefix("+"))
    [reply] = await replies(asking)
    assert reply.about
    assert (reply.about.id, reply.about.version) == (fact.id, 1)
    assert (reply.reply.matter_service, reply.reply.purpose) == ("appointments", "reminder")
    assert reply.reply.answer is ReplyAnswer.CANCEL
    assert len(asking.received("sms")) == 2
    [kept] = await asking.rows("select * from replies")
    assert ANNA[1:] not in reply.model_dump_json() + str(kept)


async def test_who_answers_has_got_the_reminder_whatever_the_receipt_says_later(asking: Post) -> None:
    fact = by_sms(NO_RECEIPT)
    await remind(asking, fact, state="accepted")
    await write(asking, "2", NO_RECEIPT)
    assert await asking.states(fact.id, "reminder") == {"sms": "delivered"}
    assert len(await replies(asking)) == 1


async def test_who_has_two_appointments_is_told_that_both_still_stand(asking: Post) -> None:
    one, other = by_sms(number="1111-1111"), by_sms(number="2222-2222", starts_at=THURSDAY + timedelta(hours=1))
    await remind(asking, one, other)
    await write(asking, "2", times=3)
    for fact in (one, other):
        await asking.until(fact.id, "still-booked", sms="delivered")
    assert await replies(asking) == []
    assert sorted(text.split(",")[0] for text in (await texts(asking))[4:]) == [
        f"Ihr Termin gilt weiter: {number}" for number in ("1111-1111", "2222-2222")
    ]
    await asking.take(received(cancelled(one)))
    await write(asking, "2")
    [reply] = await replies(asking)
    assert reply.about
    assert reply.about.id == other.id


async def test_what_is_not_understood_is_answered_once(asking: Post) -> None:
    fact = by_sms()
    await remind(asking, fact)
    for text in ("Was?", "Hallo, wer ist da", "bitte nicht absagen"):
        await write(asking, text)
    await asking.until(fact.id, "still-booked", sms="delivered")
    assert await replies(asking) == []
    assert len(asking.received("sms")) == 3


async def test_after_a_move_the_answer_to_the_old_reminder_cancels_nothing(asking: Post) -> None:
    fact = by_sms()
    await remind(asking, fact)
    moved = rescheduled(fact, starts_at=THURSDAY + timedelta(days=7))
    await asking.take(received(moved))
    await asking.until(fact.id, "rescheduling", sms="delivered")
    await write(asking, "2")
    await asking.until(fact.id, "still-booked", sms="delivered")
    assert await replies(asking) == []
    assert "3.12." in (await texts(asking))[-1]


async def test_after_a_delay_the_answer_cancels_until_the_expected_start(asking: Post) -> None:
    first = booked_at(scheduled(), person(None, ANNA), channels=["sms"])
    await remind(asking, first)
    late = delayed(first, 60)
    await asking.take(received(late, EVENING_BEFORE))
    await asking.until(first.id, "delay", sms="delivered")
    assert "Zum Absagen mit 2 antworten." in (await texts(asking))[-1]
    asking.move_clock(THURSDAY + timedelta(minutes=30))
    await write(asking, "2")
    [reply] = await replies(asking)
    assert (reply.reply.purpose, reply.about and reply.about.version) == ("delay", 2)


async def test_an_answer_after_the_start_is_too_late_and_one_after_the_cancellation_needless(asking: Post) -> None:
    fact = by_sms(mail="delivered")
    await remind(asking, fact)
    asking.move_clock(THURSDAY + timedelta(minutes=1))
    await write(asking, "2")
    await asking.until(fact.id, "still-booked", sms="delivered")
    gone = by_sms("+4915228817320")
    await asking.take(received(gone, THURSDAY), received(cancelled(gone), THURSDAY))
    await write(asking, "2", "+4915228817320")
    assert await replies(asking) == []
    assert await asking.states(gone.id, "still-booked") == {}


async def test_strangers_get_no_answer(asking: Post) -> None:
    await remind(asking, by_sms())
    for sender in ("+4915228817399", "Telekom", ""):
        await write(asking, "2", sender)
    assert await replies(asking) == []
    assert len(asking.received("sms")) == 2


async def test_what_was_written_to_others_at_the_same_gateway_is_not_for_us(asking: Post) -> None:
    fact = by_sms()
    await remind(asking, fact)
    for words in ("2", "STOP", "Was?"):
        await write(asking, words, to="+4915228817387")
    assert await replies(asking) == []
    assert await asking.rows("select 1 from spared_addresses") == []
    assert len(asking.received("sms")) == 2
    await write(asking, "2", to="+" + REPLY_NUMBER.removeprefix("+"))
    assert len(await replies(asking)) == 1


async def test_who_says_stop_gets_no_more_reminders(asking: Post) -> None:
    fact = by_sms()
    await asking.take(received(fact))
    await asking.until(fact.id, sms="delivered")
    await write(asking, "Stopp!", ANNA.removeprefix("+"))
    asking.move_clock(EVENING_BEFORE)
    await asking.until(fact.id, "reminder", sms="suppressed")


async def test_a_citizen_answers_in_the_simulated_inbox(asking: Post) -> None:
    await remind(asking, by_sms())
    store = Store(asking.folder)
    reminder = asking.received("sms")[-1]
    store.add_report(reminder.channel, reminder.number, ANNA, NewReport(ReportKind.REPLY, "2", 0))
    store.close()

    async def handed_on() -> bool:
        return len(await replies(asking)) == 1

    await eventually(handed_on)
