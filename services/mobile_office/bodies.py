"""What the APIs of this service say and take, as far as more than one concept does."""

from datetime import time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.lines import legible_line

API = "/mobile_office/api/v1"


Key = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9-]+$")]
Line = Annotated[str, AfterValidator(legible_line), Field(max_length=200)]
Hour = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
MOST_COUNTERS = 20
"""No vehicle has more."""
Counters = Annotated[int, Field(ge=1, le=MOST_COUNTERS)]
Version = Annotated[int, Field(ge=0, le=2**31 - 2)]
"""The last one has a next one that the database can hold."""


def time_of(hour: str) -> time:
    """The time an `Hour` says."""
    return time.fromisoformat(hour)


class Body(BaseModel):
    """What is taken; nothing else is."""

    model_config = ConfigDict(extra="forbid")


def as_body(body: BaseModel) -> dict[str, Any]:
    """A body as a member of a problem document."""
    return body.model_dump(mode="json")
