"""Reactions: what a service does on which fact."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shared.act import Act
from shared.events.base import Fact, Received

Reaction = Callable[[Act, Received[Any]], Awaitable[None]]
Reactions = Mapping[type[Fact], Reaction]
