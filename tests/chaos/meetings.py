"""How often a run brought together what only breaks when it meets."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from tests.chaos.history import Ended, History, Operation

CALLED_OFF = ("call-off", "breakdown")
ENDS_WAITING = ("take", "leave")


def meetings(history: History) -> dict[str, int]:
    """How often each of them happened."""
    return {name: sum(1 for _ in met(history)) for name, met in MEETINGS.items()}


def changed_while_somebody_waits(history: History) -> Iterator[Operation]:
    """Holds that let go of a time at a place where somebody waited for one."""
    ends = {each.person: each.invoked_at for each in history.operations if each.kind in ENDS_WAITING}
    joins = list(_acknowledged(history, "join"))
    for before, change in _holds(history):
        waited = (
            join.station == before.station and join.ended_at < change.invoked_at < ends.get(join.person, float("inf"))
            for join in joins
        )
        if change.kind == "change" and any(waited):
            yield change


def confirmed_while_called_off(history: History) -> Iterator[Operation]:
    """Holds at a stop that were there before it was called off, and confirmed, or refused that, from then on."""
    deeds = [each for each in history.operations if each.kind in CALLED_OFF]
    for held, confirm in _holds(history):
        over = (
            held.station in map(str, deed.stops)
            and held.ended_at <= deed.ended_at
            and deed.invoked_at <= confirm.ended_at
            for deed in deeds
        )
        if confirm.kind == "confirm" and any(over):
            yield confirm


def _holds(history: History) -> Iterator[tuple[Operation, Operation]]:
    """Each hold, as it was left by what was asked of it before, with what was asked of it next."""
    held: dict[str, list[Operation]] = defaultdict(list)
    for operation in history.operations:
        if operation.kind in ("hold", "change", "confirm"):
            yield from ((before, operation) for before in held[operation.person][-1:])
            if operation.ended is Ended.ACKNOWLEDGED:
                held[operation.person].append(operation)


def _acknowledged(history: History, kind: str) -> Iterator[Operation]:
    return (each for each in history.operations if each.kind == kind and each.ended is Ended.ACKNOWLEDGED)


MEETINGS: Mapping[str, Callable[[History], Iterator[Operation]]] = MappingProxyType(
    {
        "a hold is changed while somebody waits there": changed_while_somebody_waits,
        "a hold is confirmed while its stop is called off": confirmed_while_called_off,
    }
)
