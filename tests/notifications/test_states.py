"""The states of a message, and which event leads from one to another."""

import pytest

from services.notifications.delivery.domain import TRANSITIONS, Event, State

FOLLOWS = {
    State.WAITING: {
        Event.BEGUN: State.SENDING,
        Event.DELIVERED: State.DELIVERED,
        Event.REFUSED: State.FAILED,
        Event.SUPERSEDED: State.SUPERSEDED,
        Event.EXPIRED: State.EXPIRED,
        Event.SUPPRESSED: State.SUPPRESSED,
    },
    State.SENDING: {
        Event.POSTPONED: State.WAITING,
        Event.ACCEPTED: State.ACCEPTED,
        Event.DELIVERED: State.DELIVERED,
        Event.REFUSED: State.FAILED,
        Event.BOUNCED: State.FAILED,
        Event.UNANSWERED: State.CHECKING,
        Event.LOST: State.UNKNOWN,
    },
    State.CHECKING: {
        Event.ACCEPTED: State.ACCEPTED,
        Event.DELIVERED: State.DELIVERED,
        Event.REFUSED: State.FAILED,
        Event.UNCLEAR: State.CHECKING,
        Event.LOST: State.UNKNOWN,
    },
    State.ACCEPTED: {Event.DELIVERED: State.DELIVERED, Event.REFUSED: State.FAILED, Event.LOST: State.UNKNOWN},
    State.UNKNOWN: {Event.DELIVERED: State.DELIVERED, Event.REFUSED: State.FAILED, Event.BOUNCED: State.FAILED},
    State.DELIVERED: {Event.BOUNCED: State.FAILED},
}


@pytest.mark.parametrize("state", State)
def test_what_may_follow_a_state(state: State) -> None:
    follows = {event: after for event, (allowed, after) in TRANSITIONS.items() if state in allowed}
    assert follows == FOLLOWS.get(state, {})
