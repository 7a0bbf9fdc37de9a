"""Replies to SMS: what people want, what they mean, and what follows."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.replies.domain import Decision, Told, Wish, decide, number_of, reply_id, understand
from shared.events.notifications import ReplyAnswer
from tests.notifications.facts import MONDAY_NOON, THURSDAY


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


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("+4915228817300", "+4915228817300"),
        ("4915228817300", "+4915228817300"),
        ("015228817300", "+4915228817300"),
        ("905321234567", "+905321234567"),
        ("Telekom", "Telekom"),
        ("", ""),
    ],
)
def test_senders_are_written_as_contacts_are(sender: str, number: str) -> None:
    assert number_of(sender) == number


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
