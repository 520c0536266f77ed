"""Text as a QR code that any camera reads, also from a dark page."""

import segno


def data_uri(text: str) -> str:
    """Black on white whatever the page's colours are, with the quiet edge that cameras look for; in the page itself."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=6, border=4, dark="#000", light="#fff")
