"""AsyncAPI 3 documents: one per service, self-contained, with headers, keys, bindings and examples."""

import json
from pathlib import Path
from typing import Any

from contracts.base import Event
from contracts.samples import HOME, envelope_of, examples, record
from contracts.schemas import consumer, draft_07, embedded, headers
from contracts.topics import TOPICS, Topic

Row = dict[str, Any]
VERSION = "3.0.0"
DAY_MS = 86_400_000
PURPOSE = {
    "intake": "Accepts reports.",
    "routing": "Decides who looks after a report, and by when.",
    "subsidies": "Decides applications for a contribution.",
    "notify": "Sends messages about reports and applications.",
    "every consumer": "Publishes when a key is stalled, and when it is resumed.",
}


def owners() -> list[str]:
    """The owners of topics in the order of the topics; `every consumer` is one of them."""
    return list(dict.fromkeys(topic.owner for topic in TOPICS))


def file_name(owner: str) -> str:
    """The name of an owner's document."""
    return owner.replace(" ", "-")


def document(service: str, home: Path = HOME) -> Row:
    """The document of the topics that one service publishes."""
    topics = [topic for topic in TOPICS if topic.owner == service]
    events = [event for topic in topics for event in topic.events]
    return {
        "asyncapi": VERSION,
        "id": f"urn:ascolto:{file_name(service)}",
        "info": _info(service),
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {event.type_tag: _message(event, home) for event in events},
            "schemas": {
                name: embedded(draft_07(schema), f"#/components/schemas/{name}")
                for name, schema in [
                    ("headers", headers()),
                    *((one.type_tag, consumer(one)) for one in events),
                ]
            },
            "correlationIds": {
                "report": {
                    "description": "What everything that follows from one beginning has in common.",
                    "location": "$message.header#/ce_correlationid",
                }
            },
        },
    }


def _info(service: str) -> Row:
    return {
        "title": f"Ascolto {service}",
        "version": "1.0.0",
        "description": f"{PURPOSE[service]} How to subscribe: contracts/README.md.",
        "contact": {"name": "Ascolto", "email": "ascolto@example.org"},
        "tags": [{"name": file_name(service)}],
    }


def _server() -> Row:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "The broker of the installation.",
        "variables": {"bootstrap": {"description": "host:port", "default": "localhost:9092"}},
    }


def _channel(topic: Topic) -> Row:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Order holds for each key. Classification: {topic.classification}.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {
            event.type_tag: {"$ref": f"#/components/messages/{event.type_tag}"} for event in topic.events
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_days * DAY_MS,
                    "max.message.bytes": topic.max_record_bytes * 4,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation_name(topic: Topic) -> str:
    return "say-" + topic.name.replace(".", "-")


def _operation(topic: Topic) -> Row:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{topic.owner} publishes the events of one {topic.key.removesuffix(' id')} in order.",
        "messages": [
            {"$ref": f"#/channels/{topic.name}/messages/{event.type_tag}"} for event in topic.events
        ],
        "bindings": {"kafka": {"bindingVersion": "0.5.0"}},
    }


def _message(event: type[Event], home: Path) -> Row:
    schema = draft_07(consumer(event))
    return {
        "name": event.type_tag,
        "title": event.__name__,
        "summary": schema["description"],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {"$ref": f"#/components/schemas/{event.type_tag}"},
        "correlationId": {"$ref": "#/components/correlationIds/report"},
        "bindings": {"kafka": {"key": schema["properties"][event.key_field], "bindingVersion": "0.5.0"}},
        "examples": [_example(event, home, place) for place in range(len(examples(event, home)))],
    }


def _example(event: type[Event], home: Path, place: int) -> Row:
    example = examples(event, home)[place]
    fact = event.read(json.dumps(example.body).encode())
    return {
        "name": example.name,
        "summary": example.summary,
        "headers": record(fact, envelope_of(fact, example.name, place))["headers"],
        "payload": example.body,
    }
