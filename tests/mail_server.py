"""A real SMTP server on a loopback port that answers as a test tells it to."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port

Answer = Callable[[str], str]


def taken(_address: str) -> str:
    return "250 OK"


@dataclass
class Received:
    """One message that the server took, and whom its envelope named."""

    recipients: list[str]
    message: EmailMessage

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    def part(self, subtype: str) -> str:
        """The text or HTML part, decoded, with plain line ends."""
        body = self.message.get_body((subtype,))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """`to_recipient` and `to_data` say what it answers; whatever it took is in `received`, in order."""

    port: int = 0
    to_recipient: Answer = taken
    to_data: Answer = taken
    seconds: float = 0.0
    received: list[Received] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        answer = self.to_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(self.seconds)
        answer = self.to_data(envelope.rcpt_tos[0])
        if answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.received.append(Received(list(envelope.rcpt_tos), message))
        return answer


@contextmanager
def mail_server(*, protocol: dict[str, Any] | None = None, **how: Any) -> Iterator[MailServer]:
    """A running server on a port of its own. `protocol` goes to aiosmtpd: certificates, who may sign in."""
    server = MailServer(**how)
    controller = Controller(server, hostname="127.0.0.1", port=free_port(), **(protocol or {}))
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()
