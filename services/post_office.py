"""Speaks to the mail server: one connection, one recipient a message, and refusals in words without personal data."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from services.settings import settings

# Seconds that the server may take for one reply; a delivery needs at most about ten.
PATIENCE = 20


@dataclass(frozen=True)
class Attachment:
    """A PDF that goes with a message."""

    file_name: str
    content: bytes


@dataclass(frozen=True)
class Outgoing:
    """One message, whole, so that nothing needs to be read from the database while it is sent."""

    id: UUID
    to: str
    sender: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    attachment: Attachment | None = None


@dataclass(frozen=True)
class Failure:
    """Why the server did not take a message. `is_final`: trying again is no use."""

    reason: str
    is_final: bool = False
    server_is_away: bool = False


class PostOffice:
    """One connection to the mail server, opened at the first message and again after any trouble."""

    def __init__(self) -> None:
        self._connection: smtplib.SMTP | None = None
        self._away: Failure | None = None

    def deliver(self, outgoing: Outgoing, now: datetime) -> Failure | None:
        """Hand one message over; None when the server took it."""
        if self._away is not None:
            # A server that could not be reached a moment ago would keep every other message waiting as long.
            return self._away
        sender, recipient = _sender(outgoing.sender), _one_address(outgoing.to)
        if sender is None:
            return Failure("MAIL_FROM in the settings is not an address.", server_is_away=True)
        if recipient is None:
            return Failure("The address is not one that mail can be sent to.", is_final=True)
        failure = self._send(_written(outgoing, sender, recipient, now))
        if failure is not None:
            # What a server that has just refused makes of the next message is uncertain: a new connection is not.
            self.close()
            self._away = failure if failure.server_is_away else None
        return failure

    def close(self) -> None:
        """Let go of the connection, with a goodbye where it still works."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _send(self, message: EmailMessage) -> Failure | None:
        try:
            connection = self._connection = self._connection or _connected()
        except (smtplib.SMTPException, OSError) as trouble:
            return _unreachable(trouble)
        try:
            connection.send_message(message)
        except (smtplib.SMTPException, OSError) as trouble:
            return _refused(trouble)
        return None


@contextmanager
def opened() -> Iterator[PostOffice]:
    office = PostOffice()
    try:
        yield office
    finally:
        office.close()


def _connected() -> smtplib.SMTP:
    """A connection that is signed in, as the settings say. Raises SMTPException and OSError."""
    chosen = settings()
    host, name = chosen.smtp_host or "", _own_name()
    if chosen.smtp_security == "tls":
        context = ssl.create_default_context()
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            host, chosen.smtp_port, local_hostname=name, timeout=PATIENCE, context=context
        )
    else:
        connection = smtplib.SMTP(host, chosen.smtp_port, local_hostname=name, timeout=PATIENCE)
    try:
        if chosen.smtp_security == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if chosen.smtp_user:
            connection.login(chosen.smtp_user, chosen.smtp_password or "")
    except BaseException:
        connection.close()
        raise
    return connection


def _own_name() -> str:
    """What this desk calls itself to a mail server. Asking the machine could mean waiting for a name server."""
    host = urlsplit(settings().url).hostname or "localhost"
    try:
        return f"[{ip_address(host)}]"
    except ValueError:
        return host


def _unreachable(trouble: Exception) -> Failure:
    if isinstance(trouble, smtplib.SMTPAuthenticationError):
        reason = f"The mail server did not accept our user name and password ({trouble.smtp_code})."
    elif isinstance(trouble, ssl.SSLCertVerificationError):
        reason = "The mail server's certificate is not to be trusted."
    elif isinstance(trouble, smtplib.SMTPNotSupportedError):
        reason = "The mail server does not offer the security or sign-in that is set."
    else:
        reason = "The mail server could not be reached."
    return Failure(reason, server_is_away=True)


def _refused(trouble: Exception) -> Failure:
    """Why a message was not taken. The server's own words may hold an address: only its code is kept."""
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        return _by_code(
            next(iter(trouble.recipients.values()))[0], "The mail server does not take mail for this address"
        )
    if isinstance(trouble, smtplib.SMTPSenderRefused):
        # That is about our own settings, not about this person: a coordinator gets it mended, and the mail goes.
        return Failure(f"The mail server does not take mail from this desk ({trouble.smtp_code}).")
    if isinstance(trouble, smtplib.SMTPResponseException):
        return _by_code(trouble.smtp_code, "The mail server did not take this message")
    # smtplib turns a reply that did not come in time into a broken line.
    if isinstance(trouble, TimeoutError) or isinstance(trouble.__context__, TimeoutError):
        return Failure("The mail server was too slow to answer.")
    return Failure("The mail server broke off.")


def _by_code(code: int, reason: str) -> Failure:
    return Failure(f"{reason} ({code}).", is_final=500 <= code <= 599)


def _written(outgoing: Outgoing, sender: Address, recipient: str, now: datetime) -> EmailMessage:
    """The message as it goes over the wire: one recipient, and one Message-ID for all its tries."""
    message, reply_to = EmailMessage(), _one_address(outgoing.reply_to or "")
    message["Subject"] = outgoing.subject
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient)
    if reply_to:
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{outgoing.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(outgoing.text, cte="quoted-printable")
    message.add_alternative(outgoing.html, subtype="html", cte="quoted-printable")
    if outgoing.attachment is not None:
        message.add_attachment(
            outgoing.attachment.content, maintype="application", subtype="pdf", filename=outgoing.attachment.file_name
        )
    return message


def own_address() -> str | None:
    """The address that this desk writes from; None when the setting holds none that every mail server knows."""
    return _one_address(parseaddr(settings().mail_from)[1])


def _sender(name: str) -> Address | None:
    """This desk's own address under a scheme's name; None when the setting is none."""
    typed = parseaddr(settings().mail_from)[1]
    try:
        address = Address(" ".join(name.split()), addr_spec=typed)
    except (ValueError, HeaderParseError):
        return None
    return address if address.username and address.domain else None


def _one_address(typed: str) -> str | None:
    """The address with its domain in ASCII; None for what is not exactly one that every mail server knows."""
    try:
        return validate_email(typed, check_deliverability=False).ascii_email
    except EmailNotValidError:
        return None
