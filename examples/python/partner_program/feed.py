"""Follows the event feed by polling, without gaps or duplicates."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import Client

PAGE = 100

EVENTS = """
query Events($after: EventNumber, $first: Int) {
  events(after: $after, first: $first) {
    nodes { number type occurredOn partner { code } professional { code } }
    latestNumber
  }
}
"""


@dataclass(frozen=True)
class Event:
    """An event of the feed."""

    number: int
    type: str
    occurred_on: str
    partner: str | None
    professional: str | None

    @staticmethod
    def of(node: dict[str, Any]) -> "Event":
        """Parses an event of a response."""
        partner, professional = node["partner"], node["professional"]
        return Event(
            number=node["number"],
            type=node["type"],
            occurred_on=node["occurredOn"],
            partner=partner["code"] if partner else None,
            professional=professional["code"] if professional else None,
        )

    def __str__(self) -> str:
        subjects = [code for code in (self.partner, self.professional) if code]
        return " ".join([f"event {self.number}:", self.type, self.occurred_on, *subjects])


class Position:
    """The cursor, stored in a file: the number of the last event that was processed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> int | None:
        """The stored number, or None before the first run."""
        return int(self.path.read_text()) if self.path.exists() else None

    def write(self, number: int) -> None:
        """Replaces the file atomically: a reader finds the old number or the new one."""
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(f"{number}\n")
        os.replace(new, self.path)


def latest_number(client: Client) -> int:
    """The number of the latest event."""
    number: int = client.run(EVENTS, {"first": 1})["events"]["latestNumber"]
    return number


def follow(client: Client, after: int, *, once: bool = False, pause_seconds: float = 2.0) -> Iterator[Event]:
    """Yields every event after `after` in sequence: forever, or with `once` until the feed has no more.

    Numbers follow the commit order, so no event ever appears with a lower number than one already read.
    """
    while True:
        page = client.run(EVENTS, {"after": after, "first": PAGE})["events"]["nodes"]
        for node in page:
            event = Event.of(node)
            yield event
            after = event.number
        if len(page) < PAGE:
            if once:
                return
            time.sleep(pause_seconds)
