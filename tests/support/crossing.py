"""A road to a server on which traffic can get lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Crossing:
    """Connections that lead to a server.

    Args:
        url: the server's database.
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._ways: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._port = 0

    @property
    def url(self) -> str:
        """The database as it is reached over this road."""
        user = self._target.netloc.rpartition("@")[0]
        return self._target._replace(netloc=f"{user}@127.0.0.1:{self._port}", query="sslmode=disable").geturl()

    @property
    def used(self) -> int:
        """How many connections go over it."""
        return len(self._writers) // 2

    def swallow(self) -> None:
        """From now on let whatever goes over the open connections get lost; those opened later work."""
        for way in self._ways:
            way.cancel()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers += [writer, there_writer]
        self._ways |= {
            asyncio.create_task(_carry(reader, there_writer)),
            asyncio.create_task(_carry(there_reader, writer)),
        }

    async def _open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _close(self) -> None:
        self.swallow()
        for writer in self._writers:
            writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def crossing(url: str) -> AsyncIterator[Crossing]:
    """An open road to a database."""
    road = Crossing(url)
    server = await road._open()
    try:
        yield road
    finally:
        server.close()
        await road._close()
