"""Follows the event feed by asking for what is new, without a gap and without a repeat."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import Client

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
    """Something that has happened."""

    number: int
    type: str
    occurred_on: str
    partner: str | None
    professional: str | None

    @staticmethod
    def of(node: dict[str, Any]) -> "Event":
        """An event of an answer."""
        partner, professional = node["partner"], node["professional"]
        return Event(
            number=node["number"],
            type=node["type"],
            occurred_on=node["occurredOn"],
            partner=partner["code"] if partner else None,
            professional=professional["code"] if professional else None,
        )

    def __str__(self) -> str:
        whose = [code for code in (self.partner, self.professional) if code]
        return " ".join([f"event {self.number}:", self.type, self.occurred_on, *whose])


class Position:
    """The number of the last event that was dealt with, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> int | None:
        """The number, if there is one yet."""
        return int(self.path.read_text()) if self.path.exists() else None

    def write(self, number: int) -> None:
        """Replaces the file at once: whoever reads it finds the old number or the new one."""
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(f"{number}\n")
        os.replace(new, self.path)


def latest_number(client: Client) -> int:
    """The number of the newest event."""
    number: int = client.run(EVENTS, {"first": 1})["events"]["latestNumber"]
    return number


def follow(client: Client, after: int, *, once: bool = False, pause_seconds: float = 2.0) -> Iterator[Event]:
    """Gives every event after `after`, in the order of their numbers: for ever, or `once` those that there are.

    Numbers follow the order of the commits, so no event ever appears below one that was seen.
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
