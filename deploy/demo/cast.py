"""Who takes part in the demo, and what each of them must have received at the end."""

import random
from dataclasses import dataclass, field
from typing import Any

MAIL_DOMAIN = "simulator.stadt.example"


@dataclass(frozen=True)
class Actor:
    """A citizen of the demo.

    `expects` counts the messages the far ends must accept, by (channel, purpose as told on screen). `told` says in
    words what is special.
    """

    name: str
    service: str
    channels: tuple[str, ...]
    mail: str = ""
    phone: str = ""
    language: str = "de"
    cancels: bool = False
    told: str = ""
    expects: dict[str, int] = field(default_factory=dict)

    def person(self) -> dict[str, Any]:
        """The person as the API takes it."""
        return {
            "name": self.name,
            "mail": self.mail,
            "phone": self.phone,
            "channels": list(self.channels),
            "language": self.language,
        }

    def expected(self) -> dict[tuple[str, str], int]:
        """How many messages each of the actor's addresses must have got."""
        addresses = {"mail": self.mail, "sms": self.phone}
        return {(channel, addresses[channel]): count for channel, count in self.expects.items()}


def cast(run: str) -> list[Actor]:
    """The actors of one run; their addresses are new in each run, so that runs can be told apart."""
    phones = random.Random(run).sample(range(50, 100), 4)  # noqa: S311 - any four will do

    def mail(behaviour: str, name: str) -> str:
        return f"{behaviour}+{name}-{run}@{MAIL_DOMAIN}"

    def phone(number: int) -> str:
        return f"+49176040690{phones[number]}"

    return [
        Actor(
            "Anna Muster", "personalausweis", ("mail",), mail("delivered", "anna"),
            told="by mail, in German", expects={"mail": 2},
        ),
        Actor(
            "John Smith", "wohnsitz-anmelden", ("mail",), mail("delivered", "john"), language="en",
            told="by mail, in English", expects={"mail": 2},
        ),
        Actor(
            "Mehmet Yılmaz", "reisepass", ("sms",), phone=phone(0), language="tr",
            told="by SMS, in Turkish", expects={"sms": 2},
        ),
        Actor(
            "Ahmad Haddad", "familienanmeldung", ("mail", "sms"), mail("delivered", "ahmad"), phone(1), "ar",
            told="by mail and SMS, in Arabic", expects={"mail": 2, "sms": 2},
        ),
        Actor(
            "Petra Vogel", "fuehrungszeugnis", ("mail",), mail("perm-fail", "petra"), phone(2),
            told="her mail address bounces: SMS instead", expects={"sms": 2},
        ),
        Actor(
            "Ivan Petrov", "meldebescheinigung", ("mail",), mail("flaky-2", "ivan"), language="de-simple",
            told="his mail server says 'later' twice; in plain German", expects={"mail": 2},
        ),
        Actor(
            "Maria Santos", "beglaubigung", ("mail", "sms"), mail("delivered", "maria"), phone(3), cancels=True,
            told="cancels: no reminder, the calendar entry goes", expects={"mail": 2, "sms": 2},
        ),
    ]  # fmt: skip
