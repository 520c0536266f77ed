"""What setting the paper of a signature costs, by the clock and in CPU: texts of the schemes, and one of a megabyte."""

import hashlib
import time
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

from rich.console import Console
from rich.table import Table

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.enrolments import Side
from models.signed_copies import SignedCopy
from services import signed_copies, signed_copy_facts
from services.schemes import templates

MOST_MILLISECONDS = 300
RUNS = 15
NAMES = ("Ọlájídé O’Brien", "李", "عائشة", "Wolfeschlegelsteinhausen" * 7 + "bergerdorffs")


def bench() -> int:
    """Print the table; 0 when every text of a scheme is set within 300 ms once the compiler is warm, else 1.

    Every run sets another paper, as the compiler remembers what it has set before.
    """
    table = Table(title="The paper of a signature, milliseconds by the clock (of CPU)")
    for heading in ("Text", "Characters", "First", "Median after it", "Slowest after it", "Size"):
        table.add_column(heading, justify="left" if heading == "Text" else "right")
    missed = 0
    for title, text, counts in _texts():
        taken, size = [], 0
        for run in range(RUNS if counts else 3):
            rows = paper(title, text, NAMES[run % len(NAMES)], run)
            began, cpu = time.perf_counter(), time.process_time()
            size = len(signed_copies.typeset(signed_copy_facts.of(*rows)))
            taken.append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - cpu)))
        warm = sorted(taken[1:])
        missed += counts and median(each[0] for each in warm) > MOST_MILLISECONDS
        middle = warm[len(warm) // 2]
        told = (f"{clock:.0f} ({cpu:.0f})" for clock, cpu in (taken[0], middle, warm[-1]))
        table.add_row(title, f"{len(text):,}", *told, f"{size / 1000:.0f} kB")
    Console(width=130).print(table)
    return 1 if missed else 0


def paper(title: str, text: str, name: str, number: int) -> tuple[SignedCopy, Signature, SchemeDocument]:
    """Rows that are in no database."""
    at = datetime(2026, 11, 22, 4, 20, number, tzinfo=UTC)
    document = SchemeDocument(
        id=UUID(int=1),
        scheme_id=UUID(int=2),
        kind=DocumentKind.CODE,
        edition=1,
        title=title,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        published_at=at,
        text=text,
    )
    signature = Signature(
        id=UUID(int=3),
        enrolment_id=UUID(int=4),
        document_id=document.id,
        account_id=UUID(int=5),
        side=Side.MENTOR,
        typed_name=name,
        sha256=document.sha256,
        edition=1,
        language="en",
        network_address="2001:db8::7",
        created_at=at,
    )
    copy = SignedCopy(
        signature_id=signature.id,
        code="2345BCDFGHJK",
        scheme_name="A scheme",
        time_zone="Asia/Shanghai",
        address="https://desk.example.org/verify",
        evidence_sha256="",
    )
    return copy, signature, document


def _texts() -> list[tuple[str, str, bool]]:
    """Title, text, and whether the target holds for it: the megabyte is only told."""
    keys = templates.keys()
    found = [
        (f"{key}: {document.kind}", document.text, True)
        for key in keys
        for document in templates.load(key).documents
        if document.kind in {"agreement", "code"}
    ]
    clause = "\n## L-{} · A long clause\n\n" + "What the two of you settle between you is yours. " * 60 + "\n"
    long = "# A megabyte\n" + "".join(clause.format(number) for number in range(340))
    return [*found, ("a megabyte", long, False)]
