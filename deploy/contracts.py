"""The contract for other teams: an AsyncAPI document and a JSON Schema per fact, made from the fact classes."""

import inspect
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic.json_schema import models_json_schema

from shared.events.base import Fact, Privacy
from shared.events.registry import FACTS, topic_of, type_of
from shared.kafka import Envelope

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NIL, _EPOCH = UUID(int=0), datetime.fromtimestamp(0, UTC)


def export(folder: Path, prefix: str) -> list[Path]:
    """Write `asyncapi.json` and `<Fact>.v<version>.schema.json` for every fact.

    Args:
        folder: made if absent.
        prefix: first part of the topics' names.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    documents = {"asyncapi.json": asyncapi(prefix)}
    for fact in FACTS:
        documents[f"{fact.__name__}.v{fact.schema_version}.schema.json"] = json_schema(fact)
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return [folder / name for name in documents]


def json_schema(fact: type[Fact]) -> dict[str, Any]:
    """The schema of a fact's body (JSON Schema 2020-12)."""
    return {"$schema": SCHEMA_DIALECT, "$id": f"urn:{type_of(fact)}:{fact.schema_version}"} | fact.model_json_schema()


def asyncapi(prefix: str) -> dict[str, Any]:
    """All topics with the facts on them (AsyncAPI 3.0)."""
    _, definitions = models_json_schema(
        [(fact, "validation") for fact in FACTS], ref_template="#/components/schemas/{model}"
    )
    topics: dict[str, list[type[Fact]]] = {}
    for fact in FACTS:
        topics.setdefault(topic_of(prefix, fact), []).append(fact)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Nahbar",
            "version": version("nahbar"),
            "description": "Facts of the city's citizen services: CloudEvents 1.0 on Kafka, binary mode.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, facts) for topic, facts in topics.items()},
        "operations": {
            f"send-{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}} for topic in topics
        },
        "components": {
            "messages": {fact.__name__: _message(fact) for fact in FACTS},
            "schemas": definitions["$defs"],
        },
    }


def _channel(topic: str, facts: list[type[Fact]]) -> dict[str, Any]:
    readers = {
        Privacy.OPEN: "Any department may read this topic.",
        Privacy.RESTRICTED: "Only consumers with access of their own may read this topic; contacts in it are sealed.",
    }
    return {
        "address": topic,
        "description": readers[facts[0].privacy],
        "messages": {fact.__name__: {"$ref": f"#/components/messages/{fact.__name__}"} for fact in facts},
        "bindings": {"kafka": {"topic": topic}},
    }


def _message(fact: type[Fact]) -> dict[str, Any]:
    headers = Envelope(
        service=fact.service,
        event_id=_NIL,
        cause=None,
        type=type_of(fact),
        schema_version=fact.schema_version,
        aggregate=_NIL,
        occurred_at=_EPOCH,
    ).headers({})
    constant = {"ce_specversion", "ce_source", "ce_type", "ce_schemaversion", "content-type"}
    return {
        "name": type_of(fact),
        "title": fact.__name__,
        "summary": inspect.cleandoc(fact.__doc__ or ""),
        "headers": {
            "type": "object",
            "required": [name for name, _ in headers],
            "properties": {
                name: {"type": "string"} | ({"const": value.decode()} if name in constant else {})
                for name, value in headers
            },
        },
        "payload": {"$ref": f"#/components/schemas/{fact.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The 16 bytes of the aggregate's id."}}},
    }
