"""The people that book in the demo, and how each of them is reached."""

from dataclasses import dataclass
from typing import Any

from deploy.demo.stage import Stage


@dataclass(frozen=True)
class Actor:
    """A citizen of the demo; `peculiarity` says in words what is special.

    `reached_by` are the channels that get through, where they are not those chosen.
    """

    name: str
    service: str
    channels: tuple[str, ...]
    mail: str = ""
    phone: str = ""
    language: str = "de"
    cancels: bool = False
    replies: bool = False
    reached_by: tuple[str, ...] = ()
    peculiarity: str = ""

    def person(self) -> dict[str, Any]:
        """The person as the API takes it."""
        return {
            "name": self.name,
            "mail": self.mail,
            "phone": self.phone,
            "channels": list(self.channels),
            "language": self.language,
        }

    @property
    def told_by(self) -> list[tuple[str, str]]:
        """Where each thing they are told arrives, by channel and address."""
        addresses = {"mail": self.mail, "sms": self.phone}
        return [(channel, addresses[channel]) for channel in self.reached_by or self.channels]


def cast(stage: Stage) -> list[Actor]:
    """The actors of one run; their addresses are new in each."""
    return [
        Actor(
            "Anna Muster", "personalausweis", ("mail",), stage.mail("anna"), peculiarity="by mail, in German",
        ),
        Actor(
            "John Smith", "wohnsitz-anmelden", ("mail",), stage.mail("john"), language="en",
            peculiarity="by mail, in English",
        ),
        Actor(
            "Mehmet Yılmaz", "reisepass", ("sms",), phone=stage.phone(), language="tr", replies=True,
            peculiarity="by SMS, in Turkish; answers the reminder",
        ),
        Actor(
            "Ahmad Haddad", "familienanmeldung", ("mail", "sms"), stage.mail("ahmad"), stage.phone(), "ar",
            peculiarity="by mail and SMS, in Arabic",
        ),
        Actor(
            "Petra Vogel", "fuehrungszeugnis", ("mail",), stage.mail("petra", "perm-fail"), stage.phone(),
            reached_by=("sms",), peculiarity="her mail address bounces: SMS instead",
        ),
        Actor(
            "Ivan Petrov", "meldebescheinigung", ("mail",), stage.mail("ivan", "flaky-2"), language="de-simple",
            peculiarity="his mail server says 'later' twice; in plain German",
        ),
        Actor(
            "Maria Santos", "beglaubigung", ("mail", "sms"), stage.mail("maria"), stage.phone(), cancels=True,
            peculiarity="cancels: no reminder, the calendar entry goes",
        ),
    ]  # fmt: skip
