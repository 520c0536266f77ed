"""Files that are written whole or not at all."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from services.export import csv_bytes, xlsx_bytes
from services.matching.files_run import HEADERS, Answer

_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def contents(answer: Answer, out: Path | None, report: Path | None, certificate: Path | None) -> dict[Path, bytes]:
    """What goes into each file that was asked for."""
    files: dict[Path, bytes] = {}
    if out is not None:
        workbook = out.suffix.lower() == ".xlsx"
        # With a day of its own, the same pairs would not give the same workbook twice.
        files[out] = (
            xlsx_bytes(HEADERS, answer.pairs, about={"created": _FIRST_DAY})
            if workbook
            else csv_bytes(HEADERS, answer.pairs)
        )
    if report is not None:
        files[report] = answer.report.encode("utf-8", "replace")
    if certificate is not None:
        files[certificate] = answer.certificate
    return files


def write(files: Mapping[Path, bytes]) -> None:
    """Write every file beside its place first, then move all into place. Raises OSError; then none is left behind."""
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in files}
    try:
        for path, content in files.items():
            parts[path].write_bytes(content)
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)
