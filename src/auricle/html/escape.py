"""Words from outside on a page."""

import html

from auricle.printable import printable


def escape(text: str) -> str:
    """HTML of one line of text: it can neither be markup nor turn the direction of what stands around it."""
    return html.escape(printable(text))
