"""A fact of `appointments` about somebody who lost their links. It carries a sealed address: it is restricted."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.personal import PersonalFact, PersonalState

WORTH_SENDING = timedelta(hours=1)
"""A request is stale after an hour: its person has asked again by then, or called."""


class LinksRequest(PersonalState):
    """Somebody wants the links of all that is open for an address: the one in the sealed contact, on the one channel.

    Whether anything is open, whoever asks and publishes does not know.
    """

    asked_at: AwareDatetime


class LinksRequestFact(PersonalFact):
    """Lost links."""

    service: ClassVar[str] = "appointments"
    state_field: ClassVar[str] = "request"

    request: LinksRequest

    @property
    def alive_until(self) -> datetime:
        return self.request.asked_at + WORTH_SENDING


class LinksRequested(LinksRequestFact):
    """Somebody asks for the links of all that is open for an address, to be sent to it."""
