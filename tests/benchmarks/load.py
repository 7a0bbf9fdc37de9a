"""The load client: POSTs prepared bodies over kept connections and prints what came back, as JSON.

    python -m tests.benchmarks.load URL FILE CONNECTIONS RATE

Each request says to come from an address of its own, as those of different people do.
FILE holds one body a line. RATE 0 sends as fast as answers come; otherwise bodies are sent at that rate a second,
whether answers come or not, and latencies count from the moment a body should have been sent.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

FIRST = IPv4Address("10.0.0.1")


class Client:
    """Sends each request once.

    Args:
        rate: requests a second; 0 means as fast as answers come.
    """

    def __init__(self, url: str, bodies: list[bytes], rate: float) -> None:
        target = urlsplit(url)
        self._host, self._port = str(target.hostname), target.port
        head = f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Type: application/json\r\n"
        self._requests = [
            f"{head}X-Forwarded-For: {FIRST + number}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            for number, body in enumerate(bodies)
        ]
        self._rate = rate
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.started = 0.0

    async def run(self, connections: int) -> None:
        """Send everything over some connections, opened before the clock starts."""
        streams = [await asyncio.open_connection(self._host, self._port) for _ in range(connections)]
        waiting = iter(enumerate(self._requests))
        self.started = time.perf_counter()
        await asyncio.gather(*(self._send(reader, writer, waiting) for reader, writer in streams))
        for _, writer in streams:
            writer.close()

    async def _send(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waiting: Iterator[tuple[int, bytes]]
    ) -> None:
        for number, request in waiting:
            begun = time.perf_counter()
            if self._rate:
                planned = self.started + number / self._rate
                await asyncio.sleep(planned - begun)
                begun = planned
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            self.statuses[head[9:12].decode()] += 1
            self.latencies.append(time.perf_counter() - begun)


def main() -> None:
    """Run what the command line says."""
    url, file, connections, rate = sys.argv[1:]
    client = Client(url, Path(file).read_bytes().splitlines(), float(rate))
    before = time.process_time()
    uvloop.run(client.run(int(connections)))
    seconds = time.perf_counter() - client.started
    print(
        json.dumps(
            {
                "answered": len(client.latencies),
                "seconds": seconds,
                "cpu": time.process_time() - before,
                "statuses": client.statuses,
                "latencies": client.latencies,
            }
        )
    )


if __name__ == "__main__":
    main()
