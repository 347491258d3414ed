"""Mail leaves under TLS, with a password from a file, or not at all."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.mailing import KEY, MailServer, Office, secret

PASS = "mail.pass"


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost, its key, and a context that serves it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begins = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_after(begins + timedelta(days=10))
        .not_valid_before(begins)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "ca.pem").write_bytes(made.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    return context


class Checked:
    """Who may send: whoever has the password."""

    def __init__(self):
        self.tried = []

    def __call__(self, server, session, envelope, mechanism, data):
        self.tried.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == KEY)


@pytest.fixture
def checked():
    return Checked()


@pytest.fixture
def server(certificate, checked):
    made = MailServer(
        tls_context=certificate,
        require_starttls=True,
        authenticator=checked,
        auth_required=True,
    )
    made.port = made.open()
    yield made
    made.close()


@pytest.fixture
def opened(tmp_path, server):
    made = []

    def open_office(**changed):
        mail = {
            "host": "localhost",
            "port": server.port,
            "sender": "w@city.test",
            "username": "w",
            "password_file": PASS,
            "ca_file": "ca.pem",
        }
        wanted = {
            "recipients": {"duty": {"mail": "duty@city.test"}},
            "mail": mail | changed,
            "ladders": [{"rungs": [{"to": ["duty"]}]}],
        }
        made.append(Office(tmp_path, wanted))
        return made[-1]

    yield open_office
    for office in made:
        office.close()


def test_mail_leaves_under_starttls_with_the_password_of_its_file(
    opened, server, checked, tmp_path
):
    secret(tmp_path / PASS, f"{KEY}\n")
    office = opened()
    office.warn()

    office.after()

    assert server.to == ["duty@city.test"]
    assert checked.tried == [("w", KEY)]


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(
    opened, server, checked, tmp_path
):
    secret(tmp_path / PASS)
    office = opened(ca_file=None)
    office.warn()

    office.after()

    assert (server.taken, checked.tried) == ([], [])
    assert "CERTIFICATE_VERIFY_FAILED" in office.told[0][1]["why"]


def test_a_wrong_password_is_no_receipt(opened, server, tmp_path):
    secret(tmp_path / PASS, "x" * 32)
    office = opened(timeout_s=1)
    number = office.warn()

    office.after()

    assert server.taken == []
    assert office.book.one(number)["heard_at"] is None


def test_a_password_that_others_can_read_is_not_used(opened, server, checked, tmp_path):
    secret(tmp_path / PASS).chmod(0o640)
    office = opened()
    office.warn()

    office.after()

    assert (server.taken, checked.tried) == ([], [])
    assert "can be read by others" in office.told[0][1]["why"]
