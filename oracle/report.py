"""What a journal holds, counted: for `oracle status` and for whoever waits."""

from dataclasses import asdict, dataclass
from typing import Any

from oracle import approved
from oracle.store import Store


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of readings and batches; a reading is a single value of a channel.

    `accepted` leaves out what the contract refused, `quarantined` counts it, and every cell or row
    that became no reading and was not released. `repeated` were recorded already.
    """

    source_rows: int
    accepted: int
    flagged: int
    repeated: int
    quarantined: int
    waiting: int
    batches: int
    settled_batches: int
    settled: int
    sources: list[dict[str, Any]]
    lanes: list[dict[str, Any]]
    approved: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The report as `--json` shows it."""
        return asdict(self)


def redated(store: Store) -> dict[int, int]:
    """The channels with readings that were re-dated, and by how many days."""
    rows = store.db.execute(
        "SELECT DISTINCT block.channel, source.shift_s FROM block"
        " JOIN segment ON segment.id = block.segment JOIN source ON source.id = segment.source"
        " WHERE source.shift_s <> 0"
    )
    shifted = store.db.execute("SELECT channel, shift_s FROM shifted")
    return {row["channel"]: row["shift_s"] // 86_400 for row in (*shifted, *rows)}


def report(store: Store) -> Report:
    """Count what a journal holds."""
    accepted, repeated, cut = store.db.execute(
        "SELECT coalesce(sum(accepted), 0), coalesce(sum(repeated), 0), coalesce(sum(cut), 0)"
        " FROM channel"
    ).fetchone()
    refused = _one(store, "SELECT coalesce(sum(refused), 0) FROM part")
    settled_refused = _one(
        store,
        "SELECT coalesce(sum(refused), 0) FROM part JOIN batch ON batch.contract = part.contract"
        " AND batch.lane = part.lane AND batch.id = part.batch WHERE state = 'settled'",
    )
    settled = _one(store, "SELECT coalesce(sum(readings), 0) FROM batch WHERE state = 'settled'")
    away = store.db.execute(
        "SELECT coalesce(sum(next_batch - first_batch), 0) AS batches,"
        " coalesce(sum(readings), 0) AS readings, coalesce(sum(refused), 0) AS refused,"
        " coalesce(sum(flagged), 0) AS flagged FROM settled_file"
    ).fetchone()
    refused, settled_refused = refused + away["refused"], settled_refused + away["refused"]
    settled_batches = _one(store, "SELECT count(*) FROM batch WHERE state = 'settled'")
    return Report(
        source_rows=_one(store, "SELECT coalesce(sum(rows), 0) FROM source"),
        accepted=accepted - refused,
        flagged=_one(store, "SELECT coalesce(sum(flagged), 0) FROM block") + away["flagged"],
        repeated=repeated,
        quarantined=_one(
            store, "SELECT coalesce(sum(count), 0) FROM held WHERE state <> 'released'"
        ),
        waiting=accepted - cut,
        batches=_one(store, "SELECT count(*) FROM batch") + away["batches"],
        settled_batches=settled_batches + away["batches"],
        settled=settled + away["readings"] - settled_refused,
        sources=_sources(store),
        lanes=_lanes(store),
        approved=approved.document(store),
    )


def _one(store: Store, query: str) -> int:
    return int(store.db.execute(query).fetchone()[0])


def _sources(store: Store) -> list[dict[str, Any]]:
    rows = store.db.execute(
        "SELECT name, title, rows, shift_s FROM source WHERE rows > 0 ORDER BY id"
    )
    return [
        {
            "name": row["name"],
            "series": row["title"],
            "rows": row["rows"],
            "redated_days": row["shift_s"] // 86_400,
        }
        for row in rows
    ]


def _lanes(store: Store) -> list[dict[str, Any]]:
    rows = store.db.execute(
        "SELECT lane.contract, lane.lane, account, stopped, count(batch.id) AS batches,"
        " (SELECT coalesce(sum(next_batch - first_batch), 0) FROM settled_file AS away"
        " WHERE away.contract = lane.contract AND away.lane = lane.lane) AS away,"
        " count(batch.id) FILTER (WHERE batch.state = 'settled') AS settled,"
        " count(batch.id) FILTER (WHERE batch.state = 'sent') AS sent FROM lane LEFT JOIN batch"
        " ON batch.contract = lane.contract AND batch.lane = lane.lane"
        " GROUP BY lane.contract, lane.lane"
    )
    return [
        {
            "contract": row["contract"],
            "lane": row["lane"],
            "account": row["account"],
            "batches": row["batches"] + row["away"],
            "settled": row["settled"] + row["away"],
            "in_flight": row["sent"],
            "stopped": row["stopped"],
        }
        for row in rows
    ]
