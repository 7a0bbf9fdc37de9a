"""What goes by while the demo runs: facts on Kafka, messages at the far ends."""

import asyncio
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from deploy.demo.stage import Say
from deploy.local.far_ends.store import Store
from shared.events.registry import FACTS, topics_of
from shared.records import headers_as_text

ICONS = {"mail": "mail", "sms": "SMS "}


async def watch_facts(bootstrap: str, say: Say) -> None:
    """Tell each fact as it goes by, for ever."""
    consumer = AIOKafkaConsumer(*topics_of("nahbar", FACTS), bootstrap_servers=bootstrap, auto_offset_reset="latest")
    while True:
        try:
            await consumer.start()
            break
        except KafkaError:
            await asyncio.sleep(1)
    try:
        async for record in consumer:
            headers = headers_as_text(record.headers)
            name = str(headers.get("ce_type")).rpartition(".")[2]
            say(f"    [cyan]Kafka[/cyan]  {name:22} [dim]{record.topic}/{record.partition}@{record.offset}[/dim]")
    finally:
        await consumer.stop()


async def watch_far_ends(folder: Path, say: Say) -> None:
    """Tell each message the far ends accept, for ever."""
    store = Store(folder)
    seen = len(store.accepted())
    while True:
        accepted = store.accepted()
        for message in accepted[seen:]:
            say(f"    [green]{ICONS[message.channel]}[/green]   arrived at {message.recipient}")
        seen = len(accepted)
        await asyncio.sleep(0.2)
