"""Tells citizens what concerns them, by mail and SMS, in their language, and knows what became of it.

Owns: the newest known state of each matter it tells of, notices (one person, one matter, one purpose), messages (a
notice on one channel), attempts to send them, how the SMS gateways stand, replies, addresses not to be bothered, and
subscriptions to news of districts.

`telling` decides who is told what and when, `news` what subscribers hear, `subscribing` knows who they are; `writing`
words it; `delivery` and `sending` bring it to the person, once; `reports` and `replies` take what comes back.
"""

from shared.manifest import Area, Manifest, Member, Task

MANIFEST = Manifest(
    "notifications",
    __doc__,
    Area(
        "notifications",
        {"de": "Mitteilungen", "en": "Messages"},
        {
            "de": "Was zugestellt wurde und was nicht, und alle Texte.",
            "en": "What was delivered and what was not, and all texts.",
        },
    ),
    roles={"staff": "messages, texts, spared addresses", "lead": "audit log"},
    tasks=(
        Task(
            "nachrichten",
            "/notifications/subscribe",
            {"de": "Nachrichten abonnieren", "en": "Subscribe to news"},
            {
                "de": "Erfahren Sie, was es in Ihrem Stadtteil Neues gibt.",
                "en": "Hear what is new in your neighbourhood.",
            },
            "mail",
        ),
    ),
    trial_staff={"mitteilungen": Member("Jan Kowalski", "Mitteilungen", ("notifications:staff",), ())},
)
