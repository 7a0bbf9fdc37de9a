"""What is told of a stop."""

from services.mobile_office.tours.domain import Stop
from services.mobile_office.tours.reasons import Reason
from shared.events.mobile_office import (
    MobilStopCancelled,
    MobilStopDelayed,
    MobilStopRescheduled,
    MobilStopScheduled,
    StopFact,
    StopState,
)


def scheduled(stop: Stop, state: StopState) -> StopFact:
    """A stop is announced."""
    return MobilStopScheduled(id=stop.id, version=stop.version + 1, stop=state)


def rescheduled(stop: Stop, state: StopState, reason: Reason) -> StopFact:
    """An announced stop is now as `state` says.

    Args:
        stop: as it was announced before.
    """
    assert stop.announced is not None, "it was announced"
    return MobilStopRescheduled(
        id=stop.id, version=stop.version + 1, stop=state, before=stop.announced, **reason.fields()
    )


def delayed(stop: Stop, state: StopState) -> StopFact:
    """The vehicle comes later, or after all less late."""
    return MobilStopDelayed(id=stop.id, version=stop.version + 1, stop=state)


def cancelled(stop: Stop, state: StopState) -> StopFact:
    """An announced stop does not take place."""
    return MobilStopCancelled(id=stop.id, version=stop.version + 1, stop=state)
