"""What tests of the queue share: staff at their counters, and looks at the line."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.auth import Caller
from shared.events.registry import facts_by_type
from shared.events.tickets import TicketFact, TicketNear
from shared.problems import Unauthorised
from shared.tools import Tools
from tests.appointments.kit import API, Client, outbox, pass_time
from tests.appointments.visitor import Visitor
from tests.shared.web.html import words

PHONE = "0176 04069050"


SIMPLE = "meldebescheinigung"


CLOSED_HOURS = """
    insert into closures (station, first_day, last_day, reason, from_time, until_time)
    values ('mitte', '2020-01-01', '2100-01-01', 'Umbau', '{}', '{}')
"""


CALLERS = {
    "staff": Caller(subject="schalter", roles=frozenset({"appointments:staff"}), stations=frozenset({"*"})),
    "staff-of-walsum": Caller(
        subject="walsum", roles=frozenset({"appointments:staff"}), stations=frozenset({"walsum"})
    ),
    "somebody": Caller(subject="somebody", roles=frozenset(), stations=frozenset({"*"})),
}


class Tokens:
    """Knows some callers by their names."""

    async def check(self, token: str) -> Caller:
        if token not in CALLERS:
            raise Unauthorised
        return CALLERS[token]


@dataclass(frozen=True)
class Staff:
    """Somebody at the counters of Mitte."""

    client: Client

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """Ask for something; the answer, which has this status."""
        answer = await self.client.post(f"{API}/staff/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, path: str, **query: Any) -> Any:
        """Read something."""
        answer = await self.client.get(f"{API}/staff/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def issue(self, status: int = 201, station: str = "mitte", **wish: Any) -> Any:
        """Issue a ticket."""
        return await self.post(f"stations/{station}/tickets", status, **{"services": [SIMPLE], **wish})

    async def call(self, counter: int = 1, status: int = 200, **whom: Any) -> Any:
        """Call to a counter of Mitte."""
        return await self.post(f"counters/mitte-{counter}/call", status, **whom)

    async def act(self, action: str, ticket: Any, counter: int = 1, status: int = 200, **more: Any) -> Any:
        """Do something with whoever is at a counter of Mitte."""
        return await self.post(f"counters/mitte-{counter}/{action}", status, ticket=ticket["id"], **more)

    async def serve(self, counter: int = 1) -> Any:
        """Call and serve the next."""
        called = await self.call(counter)
        await self.act("begin", called, counter)
        return await self.act("finish", called, counter)

    async def line(self) -> list[str]:
        """The numbers that wait, in order."""
        return [each["number"] for each in (await self.get("stations/mitte/queue"))["line"]]


def minutes(tools: Tools, count: float) -> None:
    """Let some minutes pass."""
    pass_time(tools, timedelta(minutes=count))


HALL = "/appointments/ticket?place=mitte"


async def take(visitor: Visitor, key: str = "", **fields: str) -> str:
    """Take a number: the path of its page."""
    answer = await visitor.press(HALL, key, **{"services": SIMPLE, "language": "de", **fields})
    assert answer.status_code == 303, answer.text
    path: str = answer.headers["location"]
    return path


def status_line(tree: object) -> str:
    """The line that is renewed."""
    [line] = [each for each in tree.iter() if each.get("role") == "status"]  # type: ignore[attr-defined]
    return words(line)


async def facts(tools: Tools) -> list[TicketFact]:
    """The facts of tickets recorded so far, in order."""
    read = [facts_by_type()[row.type].model_validate_json(row.body) for row in await outbox(tools)]
    return [fact for fact in read if isinstance(fact, TicketFact)]


async def near(tools: Tools) -> list[tuple[str, int]]:
    """The people told so far, and how many were ahead then."""
    return [(fact.ticket.number, fact.ahead) for fact in await facts(tools) if isinstance(fact, TicketNear)]


async def kinds(tools: Tools, ticket: Any) -> list[str]:
    """The facts of a ticket; their versions are checked."""
    mine = [fact for fact in await facts(tools) if str(fact.id) == ticket["id"]]
    assert [fact.version for fact in mine] == list(range(1, len(mine) + 1))
    return [type(fact).__name__ for fact in mine]
