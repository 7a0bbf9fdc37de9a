"""What more than one API says and takes of stops and plans."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.mobile_office.bodies import Body, Counters, Key, Line
from services.mobile_office.fleet.domain import Plan
from services.mobile_office.tours.domain import Change, Stop, StopStatus, WarningKind
from services.mobile_office.tours.reasons import Reason
from shared.days import Moment
from shared.events.mobile_office import StopReason, StopState


class ReasonIn(Body):
    """Why; `words` say in German, in the city's own words, what the fixed reason does not."""

    known: StopReason
    words: Line | None = None

    def reason(self) -> Reason:
        return Reason(self.known, self.words)


class StopOut(BaseModel):
    """A stop as it was announced last; `version` counts what was announced of it.

    Times are those announced; `stop.delay_minutes` later is when the vehicle is expected.
    """

    id: UUID
    version: int
    stop: StopState

    @classmethod
    def of(cls, stop: Stop) -> Self:
        assert stop.announced is not None
        return cls(id=stop.id, version=stop.version, stop=stop.announced)


class PlanBody(Body):
    """A vehicle at a place from one moment to another, on one day, with so many of its counters."""

    vehicle: Key
    place: Key
    arrives_at: Moment
    departs_at: Moment
    counters: Counters

    def plan(self) -> Plan:
        return Plan(self.vehicle, self.place, self.arrives_at, self.departs_at, self.counters)

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(
            vehicle=plan.vehicle,
            place=plan.place,
            arrives_at=plan.arrives_at,
            departs_at=plan.departs_at,
            counters=plan.counters,
        )


class PlannedStopOut(BaseModel):
    """A stop of a week's plan, with what publishing the week would announce of it, and what people were told last."""

    id: UUID
    version: int
    status: StopStatus
    plan: PlanBody
    dropped: bool
    change: Change | None
    announced: StopState | None

    @classmethod
    def of(cls, stop: Stop) -> Self:
        return cls(
            id=stop.id,
            version=stop.version,
            status=stop.status,
            plan=PlanBody.of(stop.plan),
            dropped=stop.dropped,
            change=stop.change,
            announced=stop.announced,
        )


class WarningOut(BaseModel):
    """Something to look at: at a stop, on a day, in a district, or in a quarter without a stop for so many weeks."""

    model_config = ConfigDict(from_attributes=True)

    notice: WarningKind = Field(validation_alias="kind")
    stop: UUID | None
    day: date | None
    district: int | None
    quarter: int | None
    weeks: int | None
