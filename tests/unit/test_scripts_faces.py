"""Applications as people write them: judged before the chain is asked for anything."""

import hashlib

import pytest

from ledger.errors import (
    BadRecord,
    ChainUnreachable,
    FractionError,
    NotANumber,
    NotFound,
    UnknownUnit,
    UsageError,
)
from scripts._permits import NO_DOCUMENT, document_hash, face
from scripts._shared import Session

ASKED = {
    "kind": "abstraction",
    "station": "INT-1",
    "annual": "300000 m3",
    "peak": "378 m3/h",
    "from": "2026-01-01",
    "until": "2031-01-01",
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A session without a deployment record or a chain."""
    monkeypatch.setenv("WATERLINE_HOME", str(tmp_path))
    return Session(network="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"kind": "swimming"}, UsageError),
        ({"kind": ""}, BadRecord),
        ({"annual": "5 furlongs"}, UnknownUnit),
        ({"annual": "1.2345 m3"}, FractionError),
        ({"annual": "nan m3"}, NotANumber),
        ({"annual": "300000"}, UnknownUnit),
        ({"peak": "378 m3"}, UnknownUnit),
        ({"from": "soon"}, UsageError),
        ({"until": None}, BadRecord),
        ({"purpose": "x" * 33}, UsageError),
        ({"document": "/nowhere/permit.pdf"}, NotFound),
    ],
)
def test_what_was_written_is_judged_before_the_chain_is_asked(here, changed, failure):
    with pytest.raises(failure):
        face(here, ASKED | changed)


def test_a_face_without_a_fault_asks_the_chain_for_its_station(here, tmp_path):
    record = '{"format": 1, "chain_id": 1, "genesis_hash": "0x", "start_block": 0, "contracts": {}}'
    (tmp_path / "deployment.json").write_text(record, encoding="utf-8")

    with pytest.raises(ChainUnreachable):
        face(here, ASKED)


def test_the_hash_of_a_document_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "permit.pdf"
    path.write_bytes(b"%PDF")

    assert document_hash(path) == hashlib.sha256(b"%PDF").digest()
    assert document_hash(None) == document_hash("") == NO_DOCUMENT


def test_a_folder_is_no_document(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        document_hash(tmp_path)
