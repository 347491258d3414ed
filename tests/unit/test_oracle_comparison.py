"""Where the look at the chain's batches begins: at the first block that may hold a reading."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import Head
from oracle.comparison import _first_block


class Chain:
    """Blocks with the moments they are told with, the first of them empty."""

    def __init__(self, moments):
        self.moments, self.asked = moments, 0

    def head(self):
        return self.at(len(self.moments) - 1)

    def at(self, number):
        self.asked += 1
        return Head(number, "", self.moments[number]) if number < len(self.moments) else None


@given(
    st.lists(st.integers(1, 1_000), min_size=1, max_size=200).map(sorted),
    st.integers(1, 1_001),
    st.data(),
)
def test_it_begins_at_the_first_block_that_is_not_older(moments, since_at, data):
    start = data.draw(st.integers(0, len(moments) - 1))
    chain = Chain(moments)
    ledger = SimpleNamespace(chain=chain, deployment=SimpleNamespace(start_block=start))

    first = _first_block(ledger, since_at)

    newer = [n for n, at in enumerate(moments) if n >= start and at >= since_at]
    assert first == (newer[0] if newer else len(moments))
    assert chain.asked <= 10
