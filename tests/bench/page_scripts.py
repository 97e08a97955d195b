"""The scripts of a benchmark's page, run in node without a page and in a browser with one."""

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from pages import title_in_browser

_PROBE = """<script>
(async () => {
  const wait = async (done) => { // timers run ahead in this browser, so some work lets real time pass
    for (let n = 0, spent = 0; n < 3000 && !done(); n++) {
      for (let k = 0; k < 2e6; k++) spent += Math.sqrt(k);
      await new Promise((next) => setTimeout(next, 1));
    }
    if (!done()) throw new Error(`waited in vain: ${done}`);
  };
  const box = document.getElementById("BOX");
  const out = { said: [] };
  addEventListener("error", (event) => out.said.push(event.message));
  addEventListener("unhandledrejection", (event) => out.said.push(String(event.reason)));
  const press = (key) => (box.contains(document.activeElement) ? document.activeElement : box)
    .dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  try {
    WORK
  } catch (error) { out.said.push(error.stack); }
  document.title = JSON.stringify(out);
})();
</script></body>"""


def driven(text: str, work: str, folder: Path, *, box: str = "abx") -> dict[str, Any]:
    """What JavaScript on the page leaves in ``out``; it may use ``wait``, ``press`` and the ``box`` of a test."""
    page = text.replace("</body>", _PROBE.replace("WORK", work).replace("BOX", box))
    return json.loads(title_in_browser(page, folder, seconds=60))


def in_node(scripts: tuple[str, ...], work: str, *values: Any) -> Any:
    """What an expression of JavaScript gives that may use scripts of the page and ``input``."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    room = resources.files("auricle") / "bench/report"
    script = "".join((room / name).read_text("utf-8") for name in scripts)
    program = f"{script}\nconst input = {json.dumps(values)};\nconsole.log(JSON.stringify({work}));"
    return json.loads(subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True).stdout)
