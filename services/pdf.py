"""Sets a PDF: a template of services/pdf_templates, and data that is never read as markup.

    content = pdf.render("certificate", {"date": "2026-10-01", "name": "李 O’Brien"})

The same data gives the same bytes on every machine: the fonts come from packages, and the document's date from `date`.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "pdf_templates"
_FONT_PACKAGES = (
    "fontpkg_noto_sans",
    "fontpkg_noto_sans_arabic",
    "fontpkg_noto_sans_devanagari",
    "fontpkg_noto_sans_thai",
    "pylopdf_fonts_zh_cn",
    "pylopdf_fonts_ko",
)


class NoLetterError(ValueError):
    """None of our fonts has a letter that the document holds."""


def render(template_name: str, data: Mapping[str, object], *, accessible: bool = False) -> bytes:
    """The document. `data` holds what JSON can hold, and `date` (ISO): the day that the document says it is of.

    A template reads it by `json(bytes(sys.inputs.data))`. Every document is tagged; an `accessible` one is held to all
    of PDF/UA-1, and then raises NoLetterError rather than show an empty box. Raises KeyError for an unknown template
    or a missing date.
    """
    standards = ["ua-1"] if accessible else []
    return _compiled(template_name, data, {"format": "pdf", "pdf_standards": standards})[0]


def picture(template_name: str, data: Mapping[str, object], *, pixels_per_inch: float = 96) -> bytes:
    """The first page as a PNG, to look at."""
    return pictures(template_name, data, pixels_per_inch=pixels_per_inch)[0]


def pictures(template_name: str, data: Mapping[str, object], *, pixels_per_inch: float = 96) -> tuple[bytes, ...]:
    """Every page as a PNG."""
    return _compiled(template_name, data, {"format": "png", "ppi": pixels_per_inch})


def qr_code(text: str) -> str:
    """A QR code as SVG text, black on white, for a template's `image(bytes(…), format: "svg")`."""
    import io  # noqa: PLC0415

    import segno  # noqa: PLC0415 - like typst, only for whoever makes a document

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, scale=4)
    return out.getvalue().decode()


def _compiled(template_name: str, data: Mapping[str, object], how: dict[str, Any]) -> tuple[bytes, ...]:
    # 80 MB of compiler: whoever makes no document never loads it.
    import typst  # noqa: PLC0415

    path = TEMPLATES / f"{template_name}.typ"
    if template_name not in templates() or "date" not in data:
        raise KeyError(template_name if template_name not in templates() else "date")
    try:
        made: Any = typst.compile(
            path,
            root=TEMPLATES,
            font_paths=list(_font_folders()),
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(dict(data), ensure_ascii=False)},
            **how,
        )
    except typst.TypstError as fault:
        if "could not be displayed" in str(fault):
            # Its own words quote the document.
            raise NoLetterError from None
        raise
    # Pictures of several pages come as a list.
    return tuple(map(bytes, made)) if isinstance(made, list) else (bytes(made),)


@cache
def templates() -> frozenset[str]:
    """The documents that can be set. A file that begins with an underscore is shared by others."""
    return frozenset(path.stem for path in TEMPLATES.glob("*.typ") if not path.stem.startswith("_"))


@cache
def _font_folders() -> tuple[Path, ...]:
    """Where the packages keep their fonts. Raises ModuleNotFoundError naming the one that is not installed."""
    folders = []
    for name in _FONT_PACKAGES:
        found = find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        folders.append(Path(found.origin).parent)
    return tuple(folders)
