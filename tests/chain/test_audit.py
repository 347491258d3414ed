"""An auditor with an address and the contracts' ABI derives everything, and finds what is wrong."""

from dataclasses import replace

from ledger.audit.running import Audit
from ledger.deployment import Ledger
from oracle.report import report
from tests.chain.mixed import Mixed
from tests.chain.spoken import ledger_over


def auditing(town):
    """The whole of a town's chain, as an auditor is given it."""
    whole = replace(town.ledger.deployment, start_block=0)
    return ledger_over(Ledger(town.ledger.chain, whole), town.chain.tester)


def audit(ledger, keeper=None):
    return Audit(ledger, 0, keeper).run(0)


def told(result):
    return [one.as_json() for one in result.state.findings.first]


def test_what_an_oracle_fed_is_derived_as_the_contracts_hold_it(town):
    mixed = Mixed(town)
    mixed.fed_by_an_oracle()

    result = audit(auditing(town)[0])

    fed, counts = [report(one.journal) for one in mixed.oracles], result.state.counts
    assert told(result) == []
    assert counts.readings == sum(one.settled for one in fed) > 400
    assert counts.batches == sum(one.settled_batches for one in fed)
    assert counts.refused == 0


def test_whatever_a_relay_sends_is_derived_as_the_contracts_hold_it(town):
    mixed = Mixed(town)
    mixed.sent_by_a_relay()
    mixed.gauges()

    result = audit(auditing(town)[0])

    assert told(result) == []
    assert result.state.counts.refused == 8
