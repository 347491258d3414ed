"""Permit files: read by whom they are encrypted to, by nobody else, and only unaltered."""

import stat
from secrets import token_hex

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import AccountLocked, BadRecord, NotFound, UsageError
from ledger.permit_files import decrypt, encrypt, make_key, open_key, parse, public_bytes

KEYS = [X25519PrivateKey.generate() for _ in range(17)]
NAMES = [public_bytes(key) for key in KEYS]
NUMBER = "C440114S2020-0001"
WORDS = token_hex(8)


@given(content=st.binary(max_size=300), number=st.text(max_size=32), few=st.integers(1, 16))
def test_every_recipient_reads_what_was_encrypted(content, number, few):
    raw = encrypt(content, number, NAMES[:few])

    assert all(decrypt(raw, key) == (number, content) for key in KEYS[:few])
    assert set(parse(raw).sealed_keys) == set(NAMES[:few])


def test_the_same_content_is_never_encrypted_to_the_same_file():
    content = b"the secret annex of the permit"

    one, other = (encrypt(content, NUMBER, NAMES[:1]) for _ in range(2))

    assert parse(one).ciphertext != parse(other).ciphertext
    assert content not in one


def test_another_key_is_refused():
    raw = encrypt(b"permit", NUMBER, NAMES[:2])

    with pytest.raises(AccountLocked, match="not encrypted to the key"):
        decrypt(raw, KEYS[2])


@given(where=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_a_file_altered_anywhere_is_refused(where, flip):
    raw = bytearray(encrypt(b"a permit's file", NUMBER, NAMES[:1]))
    raw[where % len(raw)] ^= flip

    with pytest.raises((BadRecord, AccountLocked)):
        decrypt(bytes(raw), KEYS[0])


@given(cut=st.integers(0, 10**6))
def test_a_file_cut_short_is_refused(cut):
    raw = encrypt(b"a permit's file", NUMBER, NAMES[:1])

    with pytest.raises(BadRecord):
        decrypt(raw[: cut % len(raw)], KEYS[0])


def test_a_file_put_under_another_permit_is_refused():
    raw = encrypt(b"permit", NUMBER, NAMES[:1])

    with pytest.raises(BadRecord, match="was altered"):
        decrypt(raw.replace(NUMBER.encode(), b"C440114S2020-0002"), KEYS[0])


def test_a_recipient_added_to_the_list_reads_nothing():
    raw = encrypt(b"permit", NUMBER, NAMES[:1])
    sealed = parse(raw).sealed_keys[NAMES[0]].hex()
    entry = f'"{NAMES[0].hex()}": "{sealed}"'
    added = raw.replace(entry.encode(), f'{entry}, "{NAMES[1].hex()}": "{sealed}"'.encode())

    for key in KEYS[:2]:
        with pytest.raises(BadRecord, match="was altered"):
            decrypt(added, key)


@pytest.mark.parametrize("recipients", [[], NAMES, NAMES[:1] * 2])
def test_recipients_are_one_to_sixteen_and_different(recipients):
    with pytest.raises(UsageError, match="each must be named once"):
        encrypt(b"permit", NUMBER, recipients)


@pytest.mark.parametrize("key", [b"\0" * 32, b"\1" + b"\0" * 31, b"\1" * 31])
def test_a_weak_or_a_broken_public_key_is_refused(key):
    with pytest.raises(UsageError, match="no key to encrypt to"):
        encrypt(b"permit", NUMBER, [key])


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.7", b"waterline permit file 1\n{}\n"])
def test_what_is_no_permit_file_is_told(raw):
    with pytest.raises(BadRecord, match="no encrypted permit file"):
        parse(raw)


def test_a_key_is_kept_for_its_owner_alone_and_opened_with_its_passphrase(tmp_path):
    path, words = tmp_path / "keys" / "holder.pem", WORDS

    made = make_key(path, words)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_bytes(open_key(path, words)) == public_bytes(made)
    assert b"ENCRYPTED" in path.read_bytes()
    with pytest.raises(AccountLocked, match="stays locked"):
        open_key(path, words + "!")


def test_a_key_is_never_overwritten_nor_made_without_a_passphrase(tmp_path):
    path = tmp_path / "holder.pem"
    make_key(path, WORDS)
    before = path.read_bytes()

    with pytest.raises(UsageError, match="exists"):
        make_key(path, WORDS)
    with pytest.raises(UsageError, match="passphrase is empty"):
        make_key(tmp_path / "other.pem", "")
    with pytest.raises(UsageError, match="cannot be written"):
        make_key(path / "inside.pem", WORDS)
    assert path.read_bytes() == before


def test_a_key_that_others_can_read_is_not_opened(tmp_path):
    path = tmp_path / "holder.pem"
    make_key(path, WORDS)
    path.chmod(0o640)

    with pytest.raises(AccountLocked, match="can be read by others"):
        open_key(path, WORDS)


def test_a_key_that_is_none_or_missing_is_told(tmp_path):
    signing, words = tmp_path / "signing.pem", WORDS.encode()
    signing.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(words),
        )
    )
    signing.chmod(0o600)

    with pytest.raises(BadRecord, match="holds no X25519 key"):
        open_key(signing, words.decode())
    with pytest.raises(NotFound, match="no key at"):
        open_key(tmp_path / "none.pem", WORDS)
    with pytest.raises(UsageError, match="cannot be read"):
        folder = tmp_path / "folder"
        folder.mkdir(mode=0o700)
        open_key(folder, WORDS)
