"""Every reason a contract gives has one home, and a test that hears it."""

import re
from collections import Counter
from pathlib import Path

from tests.contracts.suite import ROOT

REASON = re.compile(r'"([a-z0-9]+: [^"]+)"')
HOMES = {
    "authority": "Authority",
    "standards": "Standards",
    "network": "WaterNetwork",
    "devices": "DeviceRegistry",
    "applications": "Applications",
    "permits": "PermitRegistry",
    "changes": "PermitChanges",
    "tariff": "Tariff",
    "seals": "PermitSeals",
    "turns": "RegisterTurns",
    "plans": "QuotaPlans",
    "adoption": "Adoption",
    "quota": "QuotaTracker",
    "volumes": "DischargeVolumes",
    "discharge": "DischargeLimits",
    "quality": "QualityProvenance",
    "credit": "gb32100",
    "source": "SourceMonitor",
    "supply": "SupplyMonitor",
    "codes": "SupplyCodes",
    "works": "SewageWorks",
    "outlets": "DischargeLoads",
    "laboratory": "Laboratory",
    "council": "Council",
    "redlines": "RedLines",
    "incidents": "Incidents",
    "decisions": "Decisions",
    "violations": "Violations",
    "evidence": "Evidence",
    "keys": "DeviceKeys",
    "disputes": "Disputes",
    "witnesses": "Witnesses",
}
# the even and the uneven form of a group are framed alike, each in its own loop
FRAMING = {
    f"{kind}: {fault}"
    for kind in ("meters", "gauges")
    for fault in ("truncated group", "padding not zero")
}


def reasons(path: Path) -> Counter[str]:
    return Counter(REASON.findall(path.read_text(encoding="utf-8")))


def test_every_reason_has_one_home_and_its_name():
    given = {path: reasons(path) for path in (ROOT / "contracts").rglob("*.vy")}

    repeated = [r for found in given.values() for r, n in found.items() if n > 1]
    everywhere = Counter(reason for found in given.values() for reason in found)
    strange = [
        (path.stem, reason)
        for path, found in given.items()
        for reason in found
        if path.stem not in (HOMES.get(home := reason.split(":")[0], home), "gauge_words")
    ]
    assert sum(map(len, given.values())) > 100
    assert set(repeated) == FRAMING
    assert [reason for reason, files in everywhere.items() if files > 1] == []
    assert strange == []


def test_every_reason_is_heard_by_a_test():
    sources = [*(ROOT / "tests" / "contracts").glob("*.py"), ROOT / "checks" / "duties.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    heard = text.replace('f"{kind}: ', '"meters: ') + text.replace('f"{kind}: ', '"gauges: ')
    given = {r for path in (ROOT / "contracts").rglob("*.vy") for r in reasons(path)}

    assert sorted(reason for reason in given if f'"{reason}"' not in heard) == []


def test_every_event_is_seen_by_a_test():
    sources = (ROOT / "tests" / "contracts").glob("*.py")
    seen = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    interfaces = (ROOT / "contracts" / "interfaces").glob("*.vyi")
    events = {
        name
        for path in interfaces
        for name in re.findall(r"^event (\w+):", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert len(events) > 50
    assert sorted(name for name in events if f'"{name}"' not in seen) == []
