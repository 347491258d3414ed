"""Seals checked on chain and offline, files anchored, sight granted by the holder."""

import boa
import pytest
from eth_account import Account
from eth_utils import keccak

from ledger import seals
from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, DAY_S, HASH, NOW
from tests.contracts.test_permit_versions import altered

ENCRYPTED, ELSEWHERE = 1, 2
OFFICER = Account.from_key(b"\x21" * 32)
KEY = b"\x09" * 32


@pytest.fixture
def officer(suite):
    """An issuing officer who signs for himself."""
    suite.by_both("open_post", 1, "seal office", 256, OFFICER.address, 0, NOW + DAY_S)
    return OFFICER


def exported(suite, permit_id, version=1):
    """A permit's face and seal as a file holds them."""
    registry = suite.permit_registry
    permit, terms = registry.permit(permit_id), registry.terms(permit_id, version)
    limits = registry.limits(permit_id)
    return {
        "chain_id": boa.env.evm.patch.chain_id,
        "contract": suite.permit_seals.address,
        "number": permit.number,
        "version": version,
        "kind": permit.kind,
        "holder": permit.holder,
        "terms": written(terms),
        "limits": [written(one) for one in limits],
    }


def written(struct):
    """A struct's fields as a file holds them."""
    return {
        name: "0x" + value.hex() if isinstance(value, bytes) else value
        for name, value in struct._asdict().items()
    }


def signature_of(suite, permit_id, key=OFFICER, version=1):
    """A signature made without asking the contract what to sign."""
    one = exported(suite, permit_id, version)
    terms, limits = seals.terms_of(one["terms"]), seals.limits_of(one["limits"])
    face = seals.face_hash(one["kind"], one["holder"], terms, limits)
    signed = seals.message(one["chain_id"], one["contract"], one["number"], version, face)
    return key.sign_message(signed).signature


def test_a_seal_is_the_officer_s_signature_over_the_face_and_verified_offline(suite, officer):
    permit_id = suite.permit()
    signature = signature_of(suite, permit_id)

    suite.permit_seals.seal(permit_id, 1, signature, sender=officer.address)

    told = events(suite.permit_seals)
    face = suite.permit_seals.face_hash(permit_id, 1)
    about = {"permit_id": permit_id, "version": 1, "by": officer.address}
    sealed = about | {"face_hash": face, "signature": signature}
    assert told == [("PermitSealed", sealed)]
    kept = suite.permit_seals.seal_of(permit_id, 1)
    assert tuple(kept) == (officer.address, NOW, face, signature)
    one = exported(suite, permit_id) | {"signature": signature}
    assert seals.signer_of(one) == officer.address


@pytest.mark.parametrize(
    "altered_field", ["annual_l", "until_at", "purpose", "station_id", "document_hash"]
)
def test_a_face_altered_in_any_field_has_another_signer(suite, officer, altered_field):
    permit_id = suite.permit()
    one = exported(suite, permit_id) | {"signature": signature_of(suite, permit_id)}
    value = one["terms"][altered_field]
    changed = value + 1 if isinstance(value, int) else "0x" + "05" * 32

    one["terms"] = one["terms"] | {altered_field: changed}

    assert seals.signer_of(one) != officer.address


@pytest.mark.parametrize("altered_field", ["parameter", "hi", "has_hi", "lo", "has_lo"])
def test_the_limits_of_a_drainage_permit_are_under_its_seal(suite, officer, altered_field):
    permit_id = suite.permit(kind=2, limits=[(COD, 1, 0, 350, False, True)])
    one = exported(suite, permit_id) | {"signature": signature_of(suite, permit_id)}
    assert seals.signer_of(one) == officer.address
    (limit,) = one["limits"]
    changed = {"parameter": "0x" + "05" * 32, "has_hi": False, "has_lo": True}

    one["limits"] = [limit | {altered_field: changed.get(altered_field, 351)}]

    assert seals.signer_of(one) != officer.address


def test_every_version_has_its_own_seal_and_one(suite, officer):
    permit_id = suite.permit()
    altered(suite, permit_id)
    seal, by = suite.permit_seals.seal, officer.address
    old = signature_of(suite, permit_id)

    assert reason(seal, permit_id, 2, old, sender=by) == "seals: signature is not the caller's"
    seal(permit_id, 1, old, sender=by)
    seal(permit_id, 2, signature_of(suite, permit_id, version=2), sender=by)
    assert reason(seal, permit_id, 1, old, sender=by) == "seals: version is sealed"
    for version in (0, 3):
        answer = reason(seal, permit_id, version, old, sender=by)
        assert answer == "seals: unknown version"


def test_nobody_seals_with_another_s_signature_or_a_broken_one(suite, officer):
    permit_id = suite.permit()
    stranger = Account.from_key(b"\x22" * 32)
    theirs = signature_of(suite, permit_id, stranger)

    for signature in (theirs, b"", b"\x01" * 64, b"\x01" * 65):
        answer = reason(suite.permit_seals.seal, permit_id, 1, signature, sender=officer.address)
        assert answer == "seals: signature is not the caller's"


def test_what_is_signed_is_the_digest_the_contract_tells(suite, officer):
    permit_id = suite.permit()
    one = exported(suite, permit_id)
    face = suite.permit_seals.face_hash(permit_id, 1)
    signed = seals.message(one["chain_id"], one["contract"], one["number"], 1, face)

    digest = keccak(b"\x19\x01" + signed.header + signed.body)
    assert suite.permit_seals.digest(permit_id, 1) == digest


def test_files_are_anchored_by_hash_with_keys_or_issuer(suite):
    permit_id, by = suite.permit(), suite.issuer
    anchor = suite.permit_seals.anchor

    anchor(permit_id, ENCRYPTED, HASH, "", [KEY], sender=by)
    about = {"permit_id": permit_id, "kind": ENCRYPTED, "by": by, "file_hash": HASH}
    assert events(suite.permit_seals) == [
        ("FileAnchored", about | {"issuer": "", "recipients": [KEY]})
    ]
    anchor(permit_id, ELSEWHERE, KEY, "national platform", [], sender=by)
    assert suite.permit_seals.file_count(permit_id) == 2
    kept = suite.permit_seals.file(permit_id, 2)
    assert (kept.kind, kept.file_hash, kept.issuer) == (ELSEWHERE, KEY, "national platform")


def test_a_file_that_says_nothing_is_not_anchored(suite):
    permit_id, by, anchor = suite.permit(), suite.issuer, suite.permit_seals.anchor

    assert reason(anchor, 99, 1, HASH, "", [KEY], sender=by) == "seals: unknown permit"
    assert reason(anchor, permit_id, 1, b"\0" * 32, "", [KEY], sender=by) == "seals: empty hash"
    assert reason(anchor, permit_id, 1, HASH, "x", [], sender=by) == "seals: encrypted to nobody"
    assert reason(anchor, permit_id, 2, HASH, "", [KEY], sender=by) == "seals: issuer is not named"
    for kind in (0, 3):
        answer = reason(anchor, permit_id, kind, HASH, "x", [KEY], sender=by)
        assert answer == "seals: unknown kind of file"


def test_an_organisation_sets_the_key_that_files_are_encrypted_to(suite):
    suite.permit_seals.set_key(KEY, sender=suite.holder)

    about = {"org_id": 2, "by": suite.holder, "key": KEY}
    assert events(suite.permit_seals) == [("KeySet", about)]
    assert suite.permit_seals.key_of(2) == KEY


def test_the_holder_lets_others_see_until_a_moment_and_ends_it(suite):
    permit_id, auditor = suite.permit(), boa.env.generate_address()
    grant, may_see = suite.permit_seals.grant_sight, suite.permit_seals.may_see
    assert not may_see(permit_id, auditor)

    grant(permit_id, auditor, NOW + 10, sender=suite.holder)

    about = {"permit_id": permit_id, "account": auditor, "by": suite.holder}
    assert events(suite.permit_seals) == [("SightGranted", about | {"until_at": NOW + 10})]
    assert may_see(permit_id, auditor)
    boa.env.evm.patch.timestamp = NOW + 10
    assert not may_see(permit_id, auditor)
    grant(permit_id, auditor, NOW + 99, sender=suite.holder)
    grant(permit_id, auditor, 0, sender=suite.holder)
    assert not may_see(permit_id, auditor)
    beyond = reason(grant, permit_id, auditor, 2**32, sender=suite.holder)
    assert beyond == "seals: moment out of range"


def test_the_holder_and_whoever_supervises_see_without_a_grant(suite):
    permit_id = suite.permit()

    seen = [suite.permit_seals.may_see(permit_id, a) for a in (suite.holder, suite.supervisor)]

    assert seen == [True, True]
    assert not suite.permit_seals.may_see(permit_id, suite.relay)


def test_nobody_of_no_organisation_sees_a_permit_that_is_not_there(suite):
    assert not suite.permit_seals.may_see(99, boa.env.generate_address("passer-by"))
