"""Reactions: what a service does on which fact."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.base import Fact, Received
from shared.tools import Tools

Reaction = Callable[[AsyncConnection, Tools, Received[Any]], Awaitable[None]]
Reactions = Mapping[type[Fact], Reaction]
