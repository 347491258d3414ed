"""What a message says, in words and for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from oracle.warnings.book import CONFIRMED, PROVISIONAL, TAKEN_BACK, WITHDRAWN

STATES = {
    PROVISIONAL: "Provisional: the chain has not ruled on it yet.",
    CONFIRMED: "Confirmed by the chain.",
    WITHDRAWN: "Withdrawn: the chain did not bear it out.",
}
# Hydrology Regulation art. 22: public warnings are for named bodies to issue
FOOT = "An internal alert of Waterline, not a public warning."


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `id` is the same whenever it is sent again, so a receiver can drop doubles."""

    id: str
    subject: str
    text: str
    document: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The document as it is posted and signed."""
        return json.dumps(self.document, ensure_ascii=False, sort_keys=True).encode()


def written(origin: str, about: str, one: dict[str, Any], zone: ZoneInfo) -> Message:
    """The message about one warning; `origin` tells this oracle's warnings from others'."""
    at = datetime.fromtimestamp(one["at"], UTC).astimezone(zone)
    back = about == TAKEN_BACK
    subject = f"{'WITHDRAWN: ' if back else ''}{one['text']}"
    lines = [
        f"Warning {one['id']}: {one['text']}",
        f"At {at.isoformat(timespec='minutes')} ({zone.key}).",
        STATES.get(one["state"], ""),
        f"Reason: {one['why']}" if one["why"] else "",
        "" if back else f"Take note with: waterline oracle acknowledge {one['id']} --note TEXT",
        FOOT,
    ]
    number = f"{origin}-{one['id']}-{about}"
    text = "\n".join(line for line in lines if line)
    return Message(number, subject, text, {"id": number, "about": about, "warning": one})


def digest(origin: str, written_ones: Sequence[Message]) -> Message:
    """One message for several that were held back; its id is of what it holds."""
    ids = [one.id for one in written_ones]
    number = f"{origin}-digest-{ids[0]}-{ids[-1]}-{len(ids)}"
    subject = f"{len(ids)} warnings that were held back"
    text = "\n\n".join(one.text for one in written_ones)
    document = {"id": number, "about": "digest", "held": [one.document for one in written_ones]}
    return Message(number, subject, text, document)
