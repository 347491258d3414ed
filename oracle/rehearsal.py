"""What a file would give: read and checked like any other, recorded nowhere."""

from collections import Counter
from typing import Any

from oracle.inputs import Input
from oracle.intake import take
from oracle.mapping import ByName, rules
from oracle.readings import State
from oracle.sources.files import read


def rehearse(one: Input, channels: ByName, now: int) -> dict[str, Any]:
    """Rows, readings and refusals of a file, its channels taken as just opened."""
    wanted = rules(one.mapping, channels)
    states = {rule.channel.id: State(rule.channel.opened_at, 0) for rule in wanted}
    rows = accepted = repeated = 0
    reasons: Counter[str] = Counter()
    first: str | None = None
    for chunk in read(one.path, one.mapping.columns, growing=False):
        rows += len(chunk)
        found, spoilt = take(chunk, one.mapping.time, wanted, states, now, _nothing, one.shift_s)
        refusals = [*spoilt, *(r for each in found for r in each.taken.refusals)]
        for each in found:
            states[each.rule.channel.id] = each.taken.state
            accepted += len(each.taken.block)
            repeated += each.taken.repeated
        reasons.update(refusal.reason for refusal in refusals)
        if first is None and refusals:
            first = f"row {refusals[0].row + 1}: {refusals[0].reason}, {refusals[0].detail}"
    return {
        "file": one.path.name,
        "rows": rows,
        "accepted": accepted,
        "repeated": repeated,
        "quarantined": sum(reasons.values()),
        "reasons": dict(reasons),
        "first_reason": first,
        "redated_days": one.shift_s // 86_400,
    }


def _nothing(_: int, __: int) -> None:
    return None
