"""What all facts have in common, and the values they share."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, FailFast

T = TypeVar("T")
Several: TypeAlias = Annotated[list[T], FailFast()]
"""A list that ends to be read at the first wrong value: to count hundreds of thousands would take seconds."""


class Privacy(StrEnum):
    """The readers of a fact: any department, or only the consumers with their own access to the restricted topic."""

    OPEN = "open"
    RESTRICTED = "restricted"


class FactPart(BaseModel):
    """A value inside a fact. Immutable; fields of newer publishers are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class About(FactPart):
    """Another aggregate, in the version a fact rests on."""

    id: UUID
    version: int


class Sealed(FactPart):
    """A value only one service can read.

    `key` names the reader's key pair, `box` is a base64 libsodium sealed box.
    """

    key: str
    box: str


class Fact(FactPart):
    """Something that happened to one aggregate, with the aggregate's whole public state afterwards.

    `id` is the aggregate, `version` counts its changes from 1. The class attributes say who publishes the fact, who may
    read it, and the version of its schema (raised with each additive change).
    """

    service: ClassVar[str]
    privacy: ClassVar[Privacy]
    schema_version: ClassVar[int] = 1

    id: UUID
    version: int
    about: About | None = None

    @property
    def alive_until(self) -> datetime | None:
        """When the aggregate's life ends; some time later even its newest fact is forgotten. None: no end in sight."""
        return None


F_co = TypeVar("F_co", bound=Fact, covariant=True)


@dataclass(frozen=True, slots=True)
class Received(Generic[F_co]):
    """A fact as it reached a consumer. `cause` is the id of the first fact of its chain."""

    fact: F_co
    event_id: UUID
    cause: UUID
    occurred_at: datetime
