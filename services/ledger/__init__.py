"""The clause ledger: does the scheme live by its own words? Evidence for every clause, never a tick nobody earned.

Evidence is declared by clause in `clauses_*.py`, with the figures of `figures.py`; the modules named after a source
count for them. A text of the scheme's own may have clauses without evidence: their line says so.
"""

from services.ledger import clauses_aulp, clauses_blank, clauses_unnc
from services.ledger.behind import Behind, Published, Row, behind, has_rows, published
from services.ledger.reading import ledger, people_edition
from services.ledger.registry import ENTRIES
from services.ledger.shapes import Figure, Ledger, Line, Measured, State

__all__ = [
    "ENTRIES",
    "Behind",
    "Figure",
    "Ledger",
    "Line",
    "Measured",
    "Published",
    "Row",
    "State",
    "behind",
    "clauses_aulp",
    "clauses_blank",
    "clauses_unnc",
    "has_rows",
    "ledger",
    "people_edition",
    "published",
]
