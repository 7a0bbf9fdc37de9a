"""What does due work of a kind: a handler in one transaction, or an errand that reaches outside the database."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from shared.act import Act
from shared.due import Claim
from shared.tools import Tools

Handler = Callable[[Act, Claim], Awaitable[None]]


class Errand(Protocol):
    """Work that reaches outside the database.

    `begin` runs in a transaction of its own once the claims are committed, and returns a job per claim; a claim
    without a job is finished. `perform` does the work with no transaction open, once `begin` is committed. `finish`
    records what came of it, also where the lease has run out meanwhile; the claims' rows are removed in the same
    transaction unless `finish` schedules them again. What any of the three raises concerns the claims it was raised
    for: several are tried again one by one, and one alone waits, longer each time.
    """

    async def begin(self, act: Act, claims: Sequence[Claim]) -> dict[str, Any]: ...

    async def perform(self, tools: Tools, job: Any) -> Any: ...

    async def finish(self, act: Act, results: Sequence[tuple[Any, Any]]) -> None: ...


Handlers = Mapping[str, Handler | Errand]
