"""A restart with people online: nobody has to sign in again, and what was saved of a form is still in it."""

from pathlib import Path

from tests.browser.protocol import Tab
from tests.faults.running import Running, Writer, running, somebody_writing

ROLE, EMPLOYER = "Keeper of the 2019 tariff models", "Grid Office of Northumbria"


def form_of(server: Running, writer: Writer) -> bytes:
    """The bytes of somebody's enrolment screen in a new tab of the same browser."""
    with Tab(server.url, writer.token, place=writer.place) as tab:
        tab.open()
        return tab.open("enrolment")


def test_after_a_restart_cookies_still_open_and_drafts_are_still_there(database_url: str, tmp_path: Path) -> None:
    with running(database_url, tmp_path) as server:
        writer, other, leaver = (somebody_writing(server.engine, name) for name in ("Ama Boateng", "Bo", "Cleo"))
        server.start()
        with Tab(server.url, writer.token, place=writer.place) as tab:
            tab.open()
            before = tab.open("enrolment")
            tab.set("Your role", ROLE)
            tab.set("Where you work", EMPLOYER)
            saved = tab.press("Save and go on")
        with Tab(server.url, leaver.token, place=leaver.place) as tab:
            tab.open()
            tab.press("Sign out")

        server.stop()
        server.start()
        mine, theirs, nobodys = (form_of(server, who) for who in (writer, other, leaver))

    drafted = (ROLE.encode(), EMPLOYER.encode())
    assert b"saved at" in saved
    assert [[text in raw for text in drafted] for raw in (before, mine, theirs)] == [
        [False] * 2,
        [True] * 2,
        [False] * 2,
    ]
    assert [b"Signed in as **Ama Boateng**" in before, b"Signed in as **Ama Boateng**" in mine] == [True, True]
    assert b"Signed in as **Bo**" in theirs
    assert [b"Signed in as" in nobodys, b"Forgot your password?" in nobodys] == [False, True]
