"""The command `mentoring`: start the desk, its worker, and look after its database."""

import os
import runpy
import sys
import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from sqlmodel import Session

from services import cli_match, cli_roles, cli_verify, storage
from services.settings import settings

app = typer.Typer(
    help="Mentoring Desk runs university mentoring schemes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit_app = typer.Typer(help="Look after the journal of every change.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
second_factor_app = typer.Typer(help="Help somebody who lost their authenticator app.", no_args_is_help=True)
app.add_typer(second_factor_app, name="second-factor")
app.add_typer(cli_roles.app, name="role")
app.command()(cli_verify.verify)
bench_app = typer.Typer(help="Measure this version on this machine, from a copy of the source.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")
app.command()(cli_match.match)


@app.command()
def run(  # pragma: no cover - it becomes the server; the test starts it as a process of its own
    port: Annotated[int, typer.Option(help="The port that people's browsers connect to.")] = 8501,
) -> None:
    """Bring the database up to date, then serve the desk until Ctrl-C."""
    # Links in emails must lead to this port, unless somebody said what the desk's address is.
    os.environ.setdefault("MENTORING_URL", f"http://127.0.0.1:{port}")
    _migrated()
    server = find_spec("app")
    if server is None or server.origin is None:
        _stop("The file app.py was not found. Start this from the folder that holds it.")
    sys.argv = ["streamlit", "run", server.origin, f"--server.port={port}"]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


@app.command()
def worker() -> None:
    """Send mail and do what is due, in a process of its own, until Ctrl-C."""
    from services import jobs
    from services.schema import HEAD, current

    with storage.engine().connect() as connection:
        if current(connection) != HEAD:
            _stop("The database is not up to date. Run 'mentoring migrate' first.")
    if not settings().smtp_host:
        _console().print("No mail server is set (SMTP_HOST): messages will wait in the outbox.")
    jobs.run_forever()


@app.command()
def migrate() -> None:
    """Bring the database to this version's tables. Nothing happens when it is there already."""
    changed = _migrated()
    _console().print("The database is now up to date." if changed else "The database was up to date already.")


@app.command()
def reindex() -> None:
    """Write anew the words by which people are found. Searches go on meanwhile; nothing else changes."""
    from models.database import begin_writing
    from services import people_index

    _migrated()
    with Session(storage.engine()) as session:
        begin_writing(session)
        count = people_index.rebuild(session.connection())
        session.commit()
    _console().print(f"Done: {count:,} enrolments can be found by their words again.")


@app.command()
def demo(
    *, remove: Annotated[bool, typer.Option("--remove", help="Take the demonstration away again, all of it.")] = False
) -> None:
    """Load the demonstration: invented people and a year of history. Prints accounts to sign in with."""
    if settings().is_production:
        _stop("A demonstration has no place in production. Start a desk of its own for it.")
    from services import demonstration
    from services.access import DESK
    from services.errors import Refusal

    _migrated()
    doing = "Taking it away…" if remove else "Making a year of history…"
    with Session(storage.engine()) as session, _console().status(doing):
        try:
            made: Any = demonstration.remove(session, DESK) if remove else demonstration.load(session)
        except Refusal as refusal:
            _stop(str(refusal))
    told = f"The demonstration is gone: {made} people." if remove else _accounts_in_words(made)
    _console().print(told, soft_wrap=True)


@app.command()
def version() -> None:
    """Say which version of Mentoring Desk this is."""
    _console().print(_version())


@audit_app.command()
def verify() -> None:
    """Walk through the whole journal and say whether every entry still fits. Ends with 1 when one does not."""
    from services import audit

    with storage.reading() as session:
        verdict = audit.verify(session)
    if not verdict.holds:
        _stop(f"The journal does not hold: entry {verdict.broken_at} is changed or missing.")
    _console().print(f"The journal holds: {verdict.entries:,} entries, none changed and none missing.")


@second_factor_app.command()
def reset(email: Annotated[str, typer.Argument(help="The address that they sign in with.")]) -> None:
    """Take a lost authenticator app away from an account and sign it out everywhere."""
    from services import second_factor
    from services.access import DESK
    from services.errors import Refusal

    with Session(storage.engine()) as session:
        try:
            second_factor.reset(session, DESK, email)
        except Refusal as refusal:
            _stop(str(refusal))
    _console().print("Done. The next sign-in sets up a new authenticator app.")


@app.command()
def address(
    email: Annotated[str, typer.Argument(help="The address that they signed in with.")],
    new: Annotated[str, typer.Argument(help="The address that they can read now.")],
) -> None:
    """Help somebody who lost both their mailbox and their password: the new mailbox alone confirms."""
    from services import messages, sign_in_address
    from services.access import DESK
    from services.errors import Refusal

    with Session(storage.engine()) as session:
        try:
            name = sign_in_address.ask_for_the_lost(session, DESK, email, new)
        except Refusal as refusal:
            _stop(str(refusal))
            return
    _console().print(f"An email to {new} is queued. {name} opens its link and chooses a password; {email} is told.")
    if not messages.mail_is_set_up():
        _console().print("No mail server is set (SMTP_HOST), so no email leaves now.")


@bench_app.command()
def screens(
    only: Annotated[list[str] | None, typer.Argument(help="These screens alone, by their address.")] = None,
) -> None:
    """Print what a rerun of each screen costs at 100 and at 10,000 enrolments. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("screens").bench(only=only or ()))


@bench_app.command()
def home() -> None:
    """Print how long Home takes in a browser, and with fifty people on it. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("front_page").bench())


@bench_app.command()
def matching(
    largest: Annotated[int, typer.Option(help="Leave out crowds of more mentees than this.")] = 20_000,
    popular_too: Annotated[
        bool, typer.Option(help="Take minutes for the largest crowd that wants the same few.")
    ] = False,
) -> None:
    """Print what matching costs at four sizes, beside SciPy. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("matching").bench(largest, popular_too=popular_too))


@bench_app.command()
def review() -> None:
    """Print what the matching review costs at 1,000 mentees and 600 mentors. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("review").bench())


@bench_app.command()
def queue() -> None:
    """Print what the queue costs at 100,000 enrolments on both databases. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("queueing").bench())


@bench_app.command("import")
def import_() -> None:
    """Print what importing 10,000 rows costs beside reading the file. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("importing").bench())


@bench_app.command()
def ledger() -> None:
    """Print what the clause ledger costs at 10,000 pairs on both databases. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("ledger").bench())


@bench_app.command()
def directory() -> None:
    """Print what the directory costs at 100,000 enrolments on both databases. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("directory").bench())


@bench_app.command()
def papers() -> None:
    """Print what signed papers and asking 500 people to sign again cost. Ends with 1 when a target is missed."""
    raise typer.Exit(_benchmark("papers").bench())


def _benchmark(name: str) -> Any:
    """The module of a benchmark, from a copy of the project's source."""
    source = Path(__file__).parents[1]
    if not (source / "tests" / "benchmarks").is_dir():
        _stop("The benchmarks are not part of what is installed. Start this in a copy of the project's source.")
    sys.path.insert(0, str(source))
    try:
        # By name: the installed program must not know of it.
        return import_module(f"tests.benchmarks.{name}")
    except ModuleNotFoundError as missing:
        _stop(f"The benchmarks need {missing.name}, which is not installed. 'make test' installs all they need.")


def _version() -> str:
    """The installed package's, or that of the folder that this is started from without having been installed."""
    try:
        return version_of("mentoring-desk")
    except PackageNotFoundError:
        project = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


def _migrated() -> bool:
    from services.schema import WrongSchemaError, migrate

    try:
        return migrate(storage.engine())
    except WrongSchemaError as wrong:
        _stop(str(wrong))


def _accounts_in_words(accounts: Any) -> str:
    """A line for each of `accounts` (role, name, email, password, all invented), to copy from at any width."""
    longest = max(len(account.email) for account in accounts)
    lines = (f"  {account.email:{longest}}  {account.password}  {account.role}: {account.name}" for account in accounts)
    return "\n".join(["Sign in as one of these; the passwords are shown only once.", *lines])


def _console() -> Console:
    return Console(highlight=False, markup=False)


def _stop(sentence: str) -> NoReturn:
    Console(stderr=True, highlight=False, markup=False).print(sentence)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
