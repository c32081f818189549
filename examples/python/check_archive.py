"""Checks the sealed log of an archive without the server, and whether it ever had a head that was kept elsewhere.

    python3 check_archive.py program.jsonl.gz [HEAD]
"""

import gzip
import hashlib
import json
import sys
from typing import Any

Row = dict[str, Any]

# What is sealed of rows of which a part can change later.
ACTIVITY = {"id", "seq", "kind", "occurred_on", "quantity", "points", "attributes", "source", "external_id"}
ACTIVITY |= {"recorded_at", "recorded_by", "replaces", "evidence_due_on"}
AFFILIATION = {"id", "starts_on", "replaces_id"}
ORDER = {"id", "seq", "number", "purpose", "currency", "placed_on", "edition_id", "level", "credits", "max_credits"}
ORDER |= {"credit_value", "recorded_at", "list", "net", "cap", "redeemed"}
# Rows of a step: their table, the column that names the step or its order, and their order.
LISTS = {
    "order_lines": ("order_id", ("line",)),
    "deal_steps": ("log_seq", ()),
    "subject_steps": ("log_seq", ()),
    "ledger_entries": ("log_seq", ("partner_id", "number")),
    "points_entries": ("log_seq", ("professional_id", "number")),
}


def read(path: str) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {}
    rows: list[Row] = []
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            row = json.loads(line)
            if set(row) == {"table"}:
                rows = tables.setdefault(row["table"], [])
            elif "sha256" not in row:
                rows.append(row)
    return tables


def main(path: str, kept: str | None) -> None:
    tables = read(path)
    log = {row["seq"]: row for row in tables["log"]}
    by_id = {name: {row["id"]: row for row in tables[name]} for name in ("activities", "affiliations", "orders")}
    lists: dict[str, dict[Any, list[Row]]] = {name: {} for name in LISTS}
    for name, (key, order) in LISTS.items():
        for row in sorted(tables[name], key=lambda row: [row[column] for column in order]):
            lists[name].setdefault(row[key], []).append(row)
    head, found = "0" * 64, kept is None
    for seal in tables["seals"]:
        step = log[seal["log_seq"]]
        record: Row = {"log": step}
        for name, table, columns in (
            ("activity", "activities", ACTIVITY),
            ("affiliation", "affiliations", AFFILIATION),
            ("order", "orders", ORDER),
        ):
            one = by_id[table].get(step.get(f"{name}_id"))
            if one is not None:
                record[name] = {column: value for column, value in one.items() if column in columns}
        for name, (key, _) in LISTS.items():
            rows = lists[name].get(step["seq"] if key == "log_seq" else step.get(key))
            if rows:
                record[name] = rows
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        head = hashlib.sha256(f"{head}\n{text}".encode()).hexdigest()
        if head != seal["head"]:
            sys.exit(f"step {step['seq']} is not what was sealed as number {seal['number']}")
        found = found or head == kept
    if not found:
        sys.exit(f"the log never had the head {kept}")
    print(f"{len(tables['seals'])} sealed steps, head {head}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
