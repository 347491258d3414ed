"""The three ways to a recipient: mail, a signed POST, a command.

The time-out is for each step; whoever answers letter by letter is left by the postman.
"""

import hashlib
import hmac
import http.client
import smtplib
import ssl
import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

from ledger.errors import WaterlineError
from oracle.pulls import private
from oracle.warnings.config import Mail, Recipient, checked_url
from oracle.warnings.letters import Message

MOST_SUBJECT = 150  # letters
LEAST_KEY = 32  # bytes of a key for HMAC-SHA256 (RFC 2104: not less than the hash)


class Undelivered(WaterlineError):
    """A message that was not accepted; it is tried again, and the next rung is told."""

    code = "undelivered"


class Ways:
    """How messages leave, with the secrets' files found from a folder on."""

    def __init__(self, mail: Mail | None, folder: Path) -> None:
        self._mail, self._folder = mail, folder

    def check(self, recipient: Recipient) -> None:
        """Refuse secrets that others can read, or that are not there, before they are needed."""
        if recipient.key_file:
            self._key(recipient.key_file)
            self._url(recipient)
        if recipient.mail and self._mail and self._mail.password_file:
            private(self._folder / self._mail.password_file)

    def within_s(self, recipient: Recipient) -> float:
        """How long a delivery may take in all."""
        return self._mail.timeout_s if recipient.mail and self._mail else recipient.timeout_s

    def send(self, recipient: Recipient, message: Message, now: int) -> None:
        """Deliver; Undelivered says why it was not accepted."""
        try:
            if recipient.mail:
                self._post_mail(recipient.mail, message, now)
            elif recipient.is_hook:
                self._post(recipient, message, now)
            else:
                _run(recipient, message)
        except WaterlineError as error:  # a secret that is not fit for use
            raise Undelivered(error.message) from error
        except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error

    def _post_mail(self, address: str, message: Message, now: int) -> None:
        server = self._mail
        assert server is not None
        context = _sealed(self._found(server.ca_file))
        name = server.sender.rpartition("@")[2]  # else this machine's, which may take long to find
        if server.tls == "tls":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, name, timeout=server.timeout_s, context=context
            )
        else:
            opened = smtplib.SMTP(server.host, server.port, name, timeout=server.timeout_s)
        with opened as line:
            if server.tls == "starttls":
                line.starttls(context=context)
            if server.username and server.password_file:
                secret = private(self._folder / server.password_file)
                assert secret is not None
                line.login(server.username, secret.read_text(encoding="utf-8").strip())
            line.send_message(_mail(server.sender, address, message, now))

    def _post(self, recipient: Recipient, message: Message, now: int) -> None:
        assert recipient.key_file
        signature = sign(self._key(recipient.key_file), now, message.body)
        parts = urlsplit(self._url(recipient))
        if parts.scheme == "https":
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                str(parts.hostname),
                parts.port,
                timeout=recipient.timeout_s,
                context=_sealed(self._found(recipient.ca_file)),
            )
        else:
            line = http.client.HTTPConnection(
                str(parts.hostname), parts.port, timeout=recipient.timeout_s
            )
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Waterline-Id": message.id,
            "Waterline-Timestamp": str(now),
            "Waterline-Signature": f"sha256={signature}",
        }
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            line.request("POST", target, message.body, headers)
            status = line.getresponse().status
        finally:
            line.close()
        if not 200 <= status < 300:
            raise Undelivered(f"{parts.hostname} answered {status}")

    def _key(self, path: Path) -> bytes:
        found = private(self._folder / path)
        assert found is not None
        key = found.read_text(encoding="utf-8").strip().encode()
        if len(key) < LEAST_KEY:
            raise Undelivered(
                f"{path} holds a key of {len(key)} letters", f"at least {LEAST_KEY}, at random"
            )
        return key

    def _url(self, recipient: Recipient) -> str:
        if recipient.url_file is None:
            return str(recipient.url)
        found = private(self._folder / recipient.url_file)
        assert found is not None
        try:
            return checked_url(found.read_text(encoding="utf-8").strip())
        except ValueError as error:
            raise Undelivered(
                f"{recipient.url_file}: {error}", "write the address there"
            ) from error

    def _found(self, path: Path | None) -> Path | None:
        return self._folder / path if path else None


def sign(key: bytes, at: int, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body, in hexadecimal (RFC 2104)."""
    return hmac.new(key, str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def _sealed(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def _mail(sender: str, address: str, message: Message, now: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, address
    mail["Subject"] = " ".join(f"[Waterline] {message.subject}".split())[:MOST_SUBJECT]
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = f"<{message.id}@waterline.invalid>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    mail["Waterline-Id"] = message.id
    mail.set_content(message.text)
    return mail


def _run(recipient: Recipient, message: Message) -> None:
    """Run a command with the text on its standard input; its exit code is the receipt."""
    assert recipient.command
    try:
        left = subprocess.run(
            recipient.command,
            input=message.text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=recipient.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Undelivered(
            f"{recipient.command[0]} took longer than {recipient.timeout_s} s"
        ) from error
    if left.returncode:
        said = left.stderr.decode("utf-8", "replace").strip()[-200:]
        raise Undelivered(f"{recipient.command[0]} ended with {left.returncode}: {said}")
