"""From a telegram and a settled reading to the arguments of Disputes.open_dispute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import NotFound, NotSettled
from ledger.hashing import keccak
from ledger.telegrams import Signed
from oracle.proofs import Proof, from_hex, raw

Prove = Callable[[int, int], Proof]  # by channel and moment; NotFound, NotSettled


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A reading of a telegram, by its place there, and the settled one that it contradicts."""

    signed: Signed
    index: int
    proof: Proof

    def arguments(self) -> list[Any]:
        """The arguments of Disputes.open_dispute."""
        proof, telegram = self.proof, self.signed.telegram
        reading = telegram.readings[self.index]
        settled = (
            *(proof.lane, proof.batch, from_hex(proof.root), from_hex(proof.words_hash)),
            *(proof.channel, proof.at, proof.value, proof.kind, proof.grade, proof.mark),
            keccak(raw(proof.telegram)),
        )
        return [
            settled,
            [from_hex(one) for one in proof.siblings],
            (telegram.sequence, self.index, reading.value, reading.mark),
            telegram.reading_hashes,
            from_hex(self.signed.signature),
        ]


def contradictions(telegrams: Sequence[Signed], prove: Prove) -> list[Contradiction]:
    """Every reading of the telegrams that is settled with another value or mark."""
    found = []
    for one in telegrams:
        for index, reading in enumerate(one.telegram.readings):
            try:
                proof = prove(reading.channel, reading.at)
            except (NotFound, NotSettled):
                continue
            if (proof.value, proof.mark) != (reading.value, reading.mark):
                found.append(Contradiction(one, index, proof))
    return found
