"""Records activities, reads a standing, and follows the event feed. Requires Python 3.10 or later and no packages."""

import argparse
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from partner_program import Client, Position, follow, latest_number

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
    """Runs the example."""
    yesterday = (datetime.now(timezone.utc) - timedelta(days=1)).date().isoformat()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("PARTNER_PROGRAM_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--professional", default="ada.nowak", help="code of the professional to record for")
    parser.add_argument("--on", default=yesterday, help="date of the activities")
    parser.add_argument("--position", default="feed.position", type=Path, help="file with the position in the feed")
    parser.add_argument("--once", action="store_true", help="exit when the feed has no new events")
    options = parser.parse_args()
    key = os.environ.get("PARTNER_PROGRAM_KEY")
    if key is None:
        print("Set PARTNER_PROGRAM_KEY to an API key; `partner-program serve --demo` prints some.", file=sys.stderr)
        return 2
    client = Client(options.url, key)
    position = Position(options.position)

    # Read the cursor first, so that the events of the activities recorded below come after it.
    after = position.read()
    if after is None:
        after = latest_number(client)
        position.write(after)
    print(f"feed: after event {after}")

    def activity(number: str, kind: str, **rest: Any) -> dict[str, Any]:
        # Source and externalId are the natural key, so recording is idempotent.
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
            # Graded kinds require points: this one is rejected, and does not affect the others.
            activity("3", "QUESTION_ANSWERED"),
        ],
    )
    read_standing(client, options.professional)

    for event in follow(client, after, once=options.once):
        print(event, flush=True)
        # Store the cursor after processing (at least once): if the process dies in between, the event is processed
        # again, but never skipped. To avoid that, store the cursor in the same transaction as the results.
        position.write(event.number)
    return 0


def record(client: Client, activities: list[dict[str, Any]]) -> None:
    """Records activities, and prints the result of each."""
    payload = client.run(RECORD, {"input": {"activities": activities}})["recordActivities"]
    # Errors of the whole list, such as TOO_MANY.
    for error in payload["userErrors"]:
        print(f"refused: {error['code']}: {error['message']}")
    # Results are in the order of the activities.
    for sent, result in zip(activities, payload["results"]):
        name = sent["externalId"]
        for error in result["userErrors"]:
            print(f"{name}: refused: {error['code']} {'.'.join(error['field'] or [])}".rstrip())
        if result["activity"]:
            how = "duplicate" if result["duplicate"] else "recorded"
            print(f"{name}: {how}, {result['activity']['awardedPoints']} points")


def read_standing(client: Client, code: str) -> None:
    """Prints the standing of a professional."""
    professional = client.run(STANDING, {"professional": code})["professional"]
    if professional is None:
        print(f"{code}: not visible to this key")
        return
    standing = professional["standing"]
    level, next_level = standing["level"], standing["nextLevel"]
    missing = f", {standing['pointsToNextLevel']} to {next_level['name']}" if next_level else ""
    print(f"{professional['name']}: {level['name'] if level else 'no level'}, {standing['points']} points{missing}")


if __name__ == "__main__":
    sys.exit(main())
