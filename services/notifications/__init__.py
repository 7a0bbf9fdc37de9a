"""Tells citizens what concerns them, by mail and SMS, in their language, and knows what became of it.

Owns: the newest known state of each matter it tells of, notices (one person, one matter, one purpose), messages (a
notice on one channel), attempts to send them, how the SMS gateways stand, replies, addresses not to be bothered, and
subscriptions to news of districts.

The floors, from the top; each knows those below it only:

- `app`, `consumers`: the wiring, and what follows from facts of other services.
- `desk`: what staff see: the people nothing reached, why somebody was told or not, all texts.
- `reports`: what gateways and mail servers say of messages later: receipts, bounces, complaints.
- `replies`: what people answer to an SMS.
- `sending`: carries messages that are due to the mail server or an SMS gateway, once.
- `writing`: words a message in the language of its reader.
- `news`, `links`, `barriers`: what subscribers hear; the links somebody asked for; reports of barriers.
- `subscribing`: who wants to hear which news, and where.
- `telling`: who is told what of a matter of their own, when, and on which channels.
- `delivery`: the life of a notice and its messages, and the addresses that are spared.
- `locks`, `purposes`, `settings`, `staff`, `tables`: what all of them share.
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
