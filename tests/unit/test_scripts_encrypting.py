"""A permit file is opened into a new file that only its owner reads; nothing is overwritten."""

import stat

import pytest

from ledger.permit_files import encrypt, make_key, public_bytes
from tests.unit.commands import called
from tests.unit.mailing import secret
from tests.unit.test_permit_files import WORDS

CONTENT = b"the secret annex of the permit"


@pytest.fixture
def opened(tmp_path):
    """`permit decrypt` of a file for whoever has the key, into what a test names."""
    key = make_key(tmp_path / "key.pem", WORDS)
    secret(tmp_path / "words", WORDS)
    (tmp_path / "annex.hpke").write_bytes(encrypt(CONTENT, "C-1", [public_bytes(key)]))
    own = ["--key", str(tmp_path / "key.pem"), "--password-file", str(tmp_path / "words")]

    def open_into(output):
        arguments = "permit", "decrypt", str(tmp_path / "annex.hpke"), "-o", str(output), *own
        return called(*arguments, "--json", home=tmp_path)

    return open_into


def test_what_was_decrypted_is_for_its_owner_alone(opened, tmp_path):
    assert opened(tmp_path / "annex").exit_code == 0

    assert (tmp_path / "annex").read_bytes() == CONTENT
    assert stat.S_IMODE((tmp_path / "annex").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["annex.hpke", "open.txt", "link"])
def test_neither_the_source_nor_a_file_that_others_read_is_written_over(opened, tmp_path, name):
    (tmp_path / "open.txt").write_bytes(b"another")
    (tmp_path / "link").symlink_to(tmp_path / "open.txt")
    before = (tmp_path / name).read_bytes()

    said = opened(tmp_path / name)

    assert (said.exit_code, said.error["code"]) == (2, "usage")
    assert "exists" in said.error["message"]
    assert (tmp_path / name).read_bytes() == before
