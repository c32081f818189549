"""Records activities, reads a standing, and follows the feed. Needs nothing but Python 3.10 or later."""

import argparse
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from client import Client
from feed import Position, follow, latest_number

RECORD = """
mutation RecordActivities($input: RecordActivitiesInput!) {
  recordActivities(input: $input) {
    results {
      duplicate
      activity { id status awardedPoints }
      userErrors { code message field }
    }
    userErrors { code message field }
  }
}
"""

STANDING = """
query Standing($professional: String!) {
  professional(code: $professional) {
    name
    standing { points level { name } nextLevel { name } pointsToNextLevel }
  }
}
"""


def main() -> int:
    """The whole example."""
    yesterday = (datetime.now(timezone.utc) - timedelta(days=1)).date().isoformat()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("PARTNER_PROGRAM_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--professional", default="ada.nowak", help="code of whom to record for")
    parser.add_argument("--on", default=yesterday, help="day of the activities")
    parser.add_argument("--position", default="feed.position", type=Path, help="where the place in the feed is kept")
    parser.add_argument("--once", action="store_true", help="end when the feed has nothing new")
    options = parser.parse_args()
    key = os.environ.get("PARTNER_PROGRAM_KEY")
    if key is None:
        print("Set PARTNER_PROGRAM_KEY to an API key; `partner-program serve --demo` prints some.", file=sys.stderr)
        return 2
    client = Client(options.url, key)
    position = Position(options.position)

    # The place in the feed comes first: what is recorded below is then part of what follows it.
    after = position.read()
    if after is None:
        after = latest_number(client)
        position.write(after)
    print(f"feed: after event {after}")

    def activity(number: str, kind: str, **rest: Any) -> dict[str, Any]:
        # Source and externalId say which activity it is, so sending it again records nothing twice.
        return {
            "subject": {"professional": options.professional},
            "kind": kind,
            "occurredOn": options.on,
            "source": "example-python",
            "externalId": f"{options.on}-{number}",
            **rest,
        }

    record(
        client,
        [
            activity("1", "DOCS_CORRECTION"),
            activity("2", "QUESTION_ANSWERED", points=75),
            # Graded kinds need points: this one is refused, and spoils none of the others.
            activity("3", "QUESTION_ANSWERED"),
        ],
    )
    read_standing(client, options.professional)

    for event in follow(client, after, once=options.once):
        print(event, flush=True)
        # After the work: an event is dealt with again when this process dies in between, but never left out.
        # Who can't have that keeps the number with the results, in one transaction.
        position.write(event.number)
    return 0


def record(client: Client, activities: list[dict[str, Any]]) -> None:
    """Records activities, and tells what became of each."""
    payload = client.run(RECORD, {"input": {"activities": activities}})["recordActivities"]
    # These are about the list as a whole, such as TOO_MANY.
    for error in payload["userErrors"]:
        print(f"refused: {error['code']}: {error['message']}")
    # Results come in the order of the activities.
    for sent, result in zip(activities, payload["results"]):
        name = sent["externalId"]
        for error in result["userErrors"]:
            print(f"{name}: refused: {error['code']} {'.'.join(error['field'] or [])}".rstrip())
        if result["activity"]:
            how = "was there already" if result["duplicate"] else "recorded"
            print(f"{name}: {how}, {result['activity']['awardedPoints']} points")


def read_standing(client: Client, code: str) -> None:
    """Tells where a professional stands."""
    professional = client.run(STANDING, {"professional": code})["professional"]
    if professional is None:
        print(f"{code}: not there for this key")
        return
    standing = professional["standing"]
    level, next_level = standing["level"], standing["nextLevel"]
    missing = f", {standing['pointsToNextLevel']} to {next_level['name']}" if next_level else ""
    print(f"{professional['name']}: {level['name'] if level else 'no level'}, {standing['points']} points{missing}")


if __name__ == "__main__":
    sys.exit(main())
