"""Keystores: opened by their passphrase alone, which nobody but the owner can read."""

import json

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.errors import AccountLocked, NotFound
from ledger.keystores import KeystoreSigner
from ledger.transactions import send, wait_included
from tests.unit.small_chain import counter_code, start

WORDS = "correct horse"


@pytest.fixture
def owner():
    return Account.create()


@pytest.fixture
def keystore(tmp_path, owner):
    path = tmp_path / "relay-1.json"
    quick = Account.encrypt(owner.key, WORDS, kdf="pbkdf2", iterations=2)
    path.write_text(json.dumps(quick), encoding="utf-8")
    return path


@pytest.fixture
def password(tmp_path):
    def written(text: str = WORDS, mode: int = 0o600):
        path = tmp_path / "words"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return written


def test_the_right_passphrase_opens_the_account(keystore, password, owner):
    assert KeystoreSigner(keystore, password()).address == owner.address


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_end_of_an_editor_is_no_part_of_the_passphrase(keystore, password, owner, end):
    assert KeystoreSigner(keystore, password(WORDS + end)).address == owner.address


@pytest.mark.parametrize("text", ["wrong", "", f"{WORDS} ", f" {WORDS}"])
def test_another_passphrase_leaves_it_locked(keystore, password, text):
    with pytest.raises(AccountLocked, match=r"relay-1\.json stays locked") as failure:
        KeystoreSigner(keystore, password(text))

    assert (failure.value.code, failure.value.exit_code) == ("account_locked", 4)
    assert failure.value.remedy == "check the passphrase"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_passphrase_that_others_can_reach_is_refused(keystore, password, mode):
    path = password(mode=mode)

    with pytest.raises(AccountLocked, match="can be read by others") as failure:
        KeystoreSigner(keystore, path)

    assert failure.value.remedy == f"chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_passphrase_of_the_owner_alone_is_taken(keystore, password, owner, mode):
    assert KeystoreSigner(keystore, password(mode=mode)).address == owner.address


def test_no_keystore_is_told(tmp_path, password):
    with pytest.raises(NotFound, match="no keystore at") as failure:
        KeystoreSigner(tmp_path / "relay-9.json", password())

    assert "waterline account list" in failure.value.remedy


def test_no_password_file_is_told(tmp_path, keystore):
    with pytest.raises(NotFound, match="no password file at"):
        KeystoreSigner(keystore, tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"not json", b"\xff\xfe", b'{"crypto": 1}'])
def test_a_file_that_is_no_keystore_stays_locked(tmp_path, password, content):
    path = tmp_path / "relay-1.json"
    path.write_bytes(content)

    with pytest.raises(AccountLocked, match=r"relay-1\.json"):
        KeystoreSigner(path, password())


def test_a_folder_in_place_of_either_file_is_told(tmp_path, keystore, password):
    tmp_path.chmod(0o700)

    with pytest.raises(AccountLocked, match="cannot be read"):
        KeystoreSigner(keystore, tmp_path)
    with pytest.raises(AccountLocked, match="cannot be read"):
        KeystoreSigner(tmp_path, password())


def test_what_it_signs_is_taken_by_a_chain(keystore, password):
    small, signer = start(), KeystoreSigner(keystore, password())
    small.fund(signer.address, 10**20)
    counter = small.put(counter_code())

    wait_included(small.chain, send(small.chain, signer, counter.functions.count(3)), 5)

    assert counter.functions.total().call() == 3


def test_a_signed_message_is_that_of_the_account(keystore, password, owner):
    message = encode_defunct(text="batch 7")

    signature = KeystoreSigner(keystore, password()).sign_message(message)

    assert len(signature) == 65
    assert Account.recover_message(message, signature=signature) == owner.address


def test_the_key_is_not_in_what_is_shown_of_a_signer(keystore, password, owner):
    signer = KeystoreSigner(keystore, password())

    assert owner.key.hex() not in repr(signer) + str(signer)
