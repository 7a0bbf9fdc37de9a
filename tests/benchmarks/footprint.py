"""What a service process costs: memory after some work, processor time while nothing happens."""

import asyncio
import time

import psutil

from deploy.local.processes import Child
from tests.benchmarks.booking import bookings
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.site import Site

IDLE_AIM = 2
MEMORY_AIM = 150
SETTLING = 3
MIB = 2**20


async def footprint(site: Site) -> list[Row]:
    """Both services, with all roles, in processes of their own, after some bookings that led to mails."""
    platform = await site.platform()
    with site.mail_server() as server:
        async with (
            site.database("appointments") as appointments,
            site.database("notifications") as notifications,
            site.service("appointments", platform, appointments) as (address, first),
            site.service("notifications", platform, notifications, smtp_port=server.port) as (_, second),
        ):
            bodies = await bookings(appointments, min(site.sizes.bookings, 500))
            await site.load(f"{address}/appointments/api/v1/appointments", bodies, rate=100)
            await asyncio.sleep(min(SETTLING, site.sizes.idle_seconds))
            processes = {"appointments": _process(first), "notifications": _process(second)}
            before = {name: _cpu(process) for name, process in processes.items()}
            started = time.perf_counter()
            await asyncio.sleep(site.sizes.idle_seconds)
            seconds = time.perf_counter() - started
            rows = []
            for name, process in processes.items():
                share = (_cpu(process) - before[name]) / seconds * 100
                rows.append(at_most(f"idle {name}, all roles", "% of a core", share, IDLE_AIM))
            for name, process in processes.items():
                memory = process.memory_full_info()
                rows.append(at_most(f"memory of {name}, resident", "MiB", memory.rss / MIB, MEMORY_AIM))
            return rows


def _process(child: Child) -> psutil.Process:
    process = child.process
    assert process is not None, "it answered just now"
    return process


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
