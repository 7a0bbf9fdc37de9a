"""The processes of a run, each started, killed, frozen and started again by its process id."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.processes import StackError
from shared.settings import SERVICES
from tests.chaos.city import City
from tests.chaos.fail_points import ALL, Armed
from tests.chaos.history import Fault
from tests.chaos.parts import FarEnds, Part, ServiceProcess, quiet_port
from tests.support.wait import eventually

ALL_ROLES = "http,relay,consume,due"
REPLICATED = {f"{name}-{number}": (name, ALL_ROLES) for name in SERVICES for number in (1, 2)} | {
    "notifications-2": ("notifications", "relay,consume,due")
}
"""Processes by name, with services and roles. Reports come in at the first one of `notifications`."""
TOGETHER = {"services": (",".join(SERVICES), ALL_ROLES)}


class World:
    """All processes of a run, and who watches that they run.

    Args:
        folder: keeps everything.
        shape: the processes of the services.
        servers: bootstrap servers and URL of servers that are not ours to break; None starts own ones.
    """

    def __init__(
        self,
        folder: Path,
        shape: Mapping[str, tuple[str, str]],
        servers: tuple[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.armed = Armed(folder / "fail-points")
        self.services = {name: ServiceProcess(name, folder, *what) for name, what in shape.items()}
        [webhook, *_] = [each.port for name, each in self.services.items() if name in ("notifications-1", "services")]
        self.far_ends = FarEnds(folder, webhook)
        self._own: list[Kafka | Postgres] = []
        if servers is None:
            kafka = Kafka(folder, quiet_port(folder, "kafka"))
            postgres = Postgres(folder, quiet_port(folder, "postgres"))
            self._own = [kafka, postgres]
            servers = kafka.bootstrap, postgres.url
        self.servers = servers
        self.faults: list[Fault] = []
        self.strange_deaths: list[str] = []
        self._webhook = webhook
        self._down: dict[str, Fault] = {}
        self._pids: dict[str, int] = {}
        self._killed: set[int] = set()
        self._ending = False
        self._watching: asyncio.Task[None] | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """Every process, by name."""
        every: Iterable[Part] = (*self._own, self.far_ends.mail, self.far_ends.web, *self.services.values())
        return {part.name: part for part in every}

    def addresses_of(self, service: str) -> list[str]:
        """Where people ask for what a service does."""
        return [each.address for each in self.services.values() if service in each.services]

    async def start_servers(self) -> None:
        """Start everything but the services."""
        parts = [part for name, part in self.parts.items() if name not in self.services]
        await asyncio.gather(*[asyncio.to_thread(part.start) for part in parts])

    def new_city(self) -> City:
        """A city on these servers."""
        far = self.far_ends
        return City(self.folder, *self.servers, far.mail.port, far.web.port, far.bounces, self._webhook)

    async def start_services(self, city: City, breakage: str = "") -> None:
        """Start the services of a city, and from now on again whatever dies."""
        for service in self.services.values():
            service.environment, service.breakage = city.environment, breakage
        await asyncio.gather(*[asyncio.to_thread(service.start) for service in self.services.values()])
        await self._all_ready()
        for name in self.parts:
            self._remember(name)
        self._watching = asyncio.create_task(self._watch())

    async def heal(self) -> None:
        """Let everything run, undisturbed."""
        for point in ALL:
            self.armed.disarm(point)
            self.armed.disarm_frost(point)
        for part in self.parts.values():
            part.resume()
        await eventually(lambda: not self._down and all(part.running for part in self.parts.values()), timeout=90)
        await self._all_ready()

    async def stop_services(self) -> None:
        """Stop watching, after starts that are under way, and end the services."""
        if self._watching:
            self._ending = True
            await asyncio.wait([self._watching])
            self._watching, self._ending = None, False
        for service in self.services.values():
            service.kill()

    async def stop(self) -> None:
        """End everything at once and delete the data of the servers; what the far ends got stays in the folder."""
        await self.stop_services()
        for part in self.parts.values():
            part.kill()
        for server in self._own:
            if isinstance(server, Postgres):
                server.remove()

    async def kill(self, name: str) -> None:
        """kill -9; it is started again by itself."""
        part = self.parts[name]
        if process := part.process:
            self._down.setdefault(name, Fault("kill -9", name, time.time(), 0))
            self._killed.add(process.pid)
            await asyncio.to_thread(part.kill)

    async def freeze(self, name: str, seconds: float) -> None:
        """Stop a process for a while (SIGSTOP, SIGCONT)."""
        fault = Fault("freeze", name, time.time(), 0)
        part = self.parts[name]
        part.pause()
        try:
            await asyncio.sleep(seconds)
        finally:
            part.resume()
            fault.ended = time.time()
            self.faults.append(fault)

    async def freeze_at(self, point: str, seconds: float, patience: float) -> bool:
        """Stop the next process that gets to a point there for a while; returns False if none did in time."""
        self.armed.arm_frost(point)
        end = time.monotonic() + patience
        while (pid := self.armed.frozen(point)) is None:
            if time.monotonic() > end and self.armed.disarm_frost(point):
                return False
            await asyncio.sleep(0.02)
        name = next((name for name, known in self._pids.items() if known == pid), None)
        fault = Fault("freeze", name or point, time.time(), 0)
        try:
            await asyncio.sleep(seconds)
        finally:
            if name:
                self.parts[name].resume()
            fault.ended = time.time()
            self.faults.append(fault)
        return True

    async def died(self, point: str, patience: float) -> bool:
        """Wait until a process has died at an armed fail point; returns False, and disarms it, if none did in time."""
        end = time.monotonic() + patience
        while self.armed.is_armed(point):
            if time.monotonic() > end:
                return not self.armed.disarm(point)
            await asyncio.sleep(0.02)
        return True

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as starting:
            busy: set[str] = set()
            while not self._ending:
                for name, part in self.parts.items():
                    if name not in busy and not part.running:
                        busy.add(name)
                        task = starting.create_task(self._start_again(name, part), name=name)
                        task.add_done_callback(lambda done: busy.discard(done.get_name()))
                await asyncio.sleep(0.1)

    async def _start_again(self, name: str, part: Part) -> None:
        fault = self._down.pop(name, None)
        pid = self._pids.get(name, 0)
        if fault is None:
            point = next((each for each in ALL if self.armed.victim(each) == pid), None)
            fault = Fault(point or "died by itself", name, time.time() - 1, 0)
            if point is None and pid not in self._killed:
                self.strange_deaths.append(f"{name} (process {pid}) died by itself; see {name}.log")
        self._down[name] = fault
        for last in (False, False, True):
            try:
                await asyncio.to_thread(part.start)
                break
            except StackError as error:  # killed again while it started, or its threads are not quite dead yet
                if last:
                    self.strange_deaths.append(str(error))
                await asyncio.sleep(0.5)
        self._remember(name)
        del self._down[name]
        fault.ended = time.time()
        self.faults.append(fault)

    def _remember(self, name: str) -> None:
        if process := self.parts[name].process:
            self._pids[name] = process.pid

    async def _all_ready(self) -> None:
        async def ready() -> bool:
            return all([await asyncio.to_thread(service.ready) for service in self.services.values()])

        await eventually(ready, timeout=60, every=0.1)
