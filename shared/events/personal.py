"""What facts about a matter of one person have in common: the person told, on which channels, in which language."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.base import Fact, FactPart, Privacy, Sealed, Several

Channel = Literal["mail", "sms"]


class Contact(BaseModel):
    """What `notifications` may know of a person: sealed, never in clear in a fact.

    `mail` and `phone` (E.164) are the addresses the person gave; the state's `channels` says which to use first.
    `manage_url` is the person's own page of the matter, `cancel_url` the one that asks only whether to cancel it.
    `note` is what somebody wrote to the city, field by field, where the city itself is who is told.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    mail: str | None = None
    phone: str | None = None
    manage_url: str
    cancel_url: str | None = None
    note: tuple[tuple[str, str], ...] = ()


class PersonalState(FactPart):
    """The state of a matter of one person.

    `language` is the language of messages (BCP 47). `contact` is a `Contact` sealed to `notifications`; it is gone
    (None) once the person was erased.
    """

    language: str
    channels: Several[Channel]
    person_key: str
    contact: Sealed | None = None


class PersonalFact(Fact, ABC):
    """A fact about a matter of one person; `state_field` names the field that holds its state."""

    privacy: ClassVar[Privacy] = Privacy.RESTRICTED
    state_field: ClassVar[str]

    @property
    def personal(self) -> PersonalState:
        """The state, as far as all matters have it."""
        state: PersonalState = getattr(self, self.state_field)
        return state

    @property
    @abstractmethod
    def alive_until(self) -> datetime:
        """When the matter ends; some time later the person is forgotten."""
