"""Posts, consents and encryption keys as the commands read them from the chain."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from eth_account import Account

from ledger.errors import BadRecord, NotFound, UsageError
from ledger.permit_files import decrypt, encrypt, make_key, public_bytes
from scripts._encrypting import files_document
from scripts._lanes import opened
from scripts._posts import deputised_until
from scripts._requests import post_by_title, posts_document, read_consent, signed_consent
from scripts._sealing import keys_of
from scripts._shared import Session
from tests.contracts.suite import NOW, T0
from tests.unit.test_permit_files import WORDS

NEW = Account.from_key(b"\x41" * 32)


@pytest.fixture
def here(town):
    session = Session()
    session.chain, session.ledger = town.ledger.chain, town.ledger
    return session


@pytest.fixture
def signer():
    """The new account, as ape's signs a message."""
    sign = NEW.sign_message
    return SimpleNamespace(
        address=NEW.address, sign_message=lambda message: bytes(sign(message).signature)
    )


def test_posts_are_told_with_holder_and_deputy_at_a_moment(here, town):
    suite = town.suite
    clerks = suite.authority.post_of(suite.clerk)
    suite.by_both("deputise", clerks, NEW.address, NOW + 10**6, 2**32 - 1)

    before, after = (posts_document(here, at) for at in (NOW + 10**6 - 1, NOW + 10**6))

    desk = next(one for one in after if one["id"] == clerks)
    assert (desk["title"], desk["duties"]) == ("clerk", ["clerk"])
    assert (desk["holder"], desk["deputy"]) == (suite.clerk, NEW.address)
    assert {one["deputy"] for one in before} == {None}
    assert {one["holder"] for one in posts_document(here, T0 - 1)} == {None}
    assert posts_document(here, NOW, org_id=2) == []


def test_a_consent_that_was_written_is_one_that_the_contract_takes(here, town, signer, tmp_path):
    suite, file = town.suite, tmp_path / "consent.json"
    file.write_text(json.dumps(signed_consent(here, signer, suite.analyst)), encoding="utf-8")

    one = read_consent(here, file)
    suite.authority.rotate(one.new, one.signature, sender=suite.analyst)

    assert one.old == suite.analyst
    assert suite.authority.can(NEW.address, 8192)


def test_a_consent_that_another_signed_or_that_is_none_is_refused(here, town, signer, tmp_path):
    file, told = tmp_path / "consent.json", signed_consent(here, signer, town.suite.analyst)
    file.write_text(json.dumps(told | {"old": town.suite.clerk}), encoding="utf-8")
    with pytest.raises(BadRecord, match="is not signed by"):
        read_consent(here, file)

    file.write_text(json.dumps(told | {"signature": "0x12"}), encoding="utf-8")
    with pytest.raises(BadRecord, match="is no consent"):
        read_consent(here, file)


def test_a_file_is_encrypted_to_a_registered_key_and_its_hash_anchored(here, town, tmp_path):
    suite, private = town.suite, make_key(tmp_path / "holder.pem", WORDS)
    suite.permit_seals.set_key(public_bytes(private), sender=suite.holder)
    permit = suite.permit()
    number = f"C440114S2020-{suite.numbers['permit']:04d}"

    keys = keys_of(here, ["Works"])
    raw = encrypt(b"the permit's annex", number, keys)
    file_hash = hashlib.sha256(raw).digest()
    suite.permit_seals.anchor(permit, 1, file_hash, "", keys, sender=suite.issuer)

    assert decrypt(raw, private) == (number, b"the permit's annex")
    [told] = files_document(here, number)
    assert (told["file_sha256"], told["recipients"]) == ("0x" + file_hash.hex(), ["Works"])
    suite.permit_seals.set_key(b"\5" * 32, sender=suite.holder)
    [told] = files_document(here, number)
    assert told["recipients"] == ["0x" + public_bytes(private).hex()]


def test_an_organisation_without_a_key_is_told(here):
    with pytest.raises(NotFound, match="has set no key"):
        keys_of(here, ["Water authority"])


def test_a_lane_that_is_not_there_is_named_before_anything_is_asked_of_it(here, town):
    town.lane()

    opened(here, "QuotaTracker", 1)
    for lane in (0, 2):
        with pytest.raises(NotFound, match=f"QuotaTracker has no lane {lane}"):
            opened(here, "QuotaTracker", lane)
    with pytest.raises(UsageError, match="'Authority' takes no measurements"):
        opened(here, "Authority", 1)


def test_a_post_is_found_by_number_or_title_and_one_that_is_not_there_is_named(here, town):
    number = town.suite.authority.post_of(town.suite.clerk)

    assert post_by_title(here, str(number)) == post_by_title(here, "clerk") == number
    for other in ("0", "999", "Nothing"):
        with pytest.raises(NotFound, match=f"no post '{other}'"):
            post_by_title(here, other)


def test_whether_a_post_has_a_deputy_is_known_before_two_people_sign(here, town):
    suite = town.suite
    clerks = suite.authority.post_of(suite.clerk)
    assert deputised_until(here, clerks) == 0

    suite.by_both("deputise", clerks, NEW.address, NOW + 10**6, 2**32 - 1)
    assert deputised_until(here, clerks) == 2**32 - 1

    suite.by_both("relieve", clerks)
    assert deputised_until(here, clerks) == 0
