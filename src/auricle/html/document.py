"""A whole page: style and script are inside it, and it asks nothing of the network."""

from importlib import resources

from auricle.html.escape import escape


def document(title: str, body: str, *, head: str = "", style: str = "", script: str = "") -> str:
    """The text of a page with the common style and players.

    Args:
        title: plain text.
        body: HTML.
        head: HTML that is added to the head.
        style: CSS after the common one.
        script: JavaScript after that of the players.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
{head}<style>
{asset("html", "page.css")}{style}</style>
</head>
<body>
{body}<script>
{asset("html", "player.js")}{script}</script>
</body>
</html>
"""


def asset(room: str, name: str) -> str:
    """The text of a file that lies in ``room`` of the package."""
    return (resources.files("auricle") / room / name).read_text("utf-8")
