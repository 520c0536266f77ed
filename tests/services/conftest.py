"""A mail server for the tests that need one."""

from collections.abc import Iterator

import pytest

from services.settings import settings
from tests.mail_server import MailServer, mail_server
from tests.services.mail_steps import SetUp


@pytest.fixture
def set_up_mail(monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Names a mail server in the settings."""

    def chosen(port: int, **more: str) -> None:
        facts = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none"}
        for name, value in (facts | {"MAIL_FROM": "desk@example.org"} | more).items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    return chosen


@pytest.fixture
def server(set_up_mail: SetUp) -> Iterator[MailServer]:
    with mail_server() as running:
        set_up_mail(running.port)
        yield running
