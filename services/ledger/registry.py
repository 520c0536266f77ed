"""Which evidence there is for which clause: declared once, by the clause's ID.

    evidence("U-5", "U-C6.2", figures=(RHYTHM,), informs="…", asks="…")

A clause without figures is upheld by people: its entry says where the software informs and where it asks. What is not
counted so far is said in `not_yet`; no figure stands in for it.
"""

from services.ledger.shapes import Entry, Figure

ENTRIES: dict[str, Entry] = {}
# For a clause of a scheme's own wording: nothing is claimed about it.
UNDECLARED = Entry(
    informs="People read it under Agreements before they sign.",
    asks="Nothing in the software asks about this clause: its number is not one that evidence was declared for.",
)


def evidence(*clauses: str, informs: str, asks: str = "", figures: tuple[Figure, ...] = (), not_yet: str = "") -> Entry:
    """Declare the evidence of these clauses. Raises ValueError for a clause that has some already."""
    entry = Entry(informs, asks, figures, not_yet)
    for clause in clauses:
        if clause in ENTRIES:
            raise ValueError(f"The evidence of clause {clause} is declared twice.")
        ENTRIES[clause] = entry
    return entry


def entry_of(clause: str) -> Entry:
    """The clause's entry, or the honest one of a clause that none was declared for."""
    return ENTRIES.get(clause, UNDECLARED)
