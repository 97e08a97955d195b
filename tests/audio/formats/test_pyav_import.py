"""PyAV is imported when it is needed first, which may be on several threads at once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

AT_ONCE = """
import sys, threading
from pathlib import Path
from auricle.audio.formats.pyav import AvDecoder, metadata

sys.setswitchinterval(1e-5)
path, gate, reports = Path(sys.argv[1]), threading.Barrier(4), []

def work(deed):
    gate.wait()
    deed(path)
    reports.append(deed)

threads = [threading.Thread(target=work, args=(deed,)) for deed in (AvDecoder, metadata) * 2]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(reports))
"""


def test_sounds_and_tags_are_opened_on_threads_of_a_fresh_process(tmp_path: Path):
    soundfile.write(tmp_path / "a.flac", 0.1 * np.ones(1600), 16_000)
    for _ in range(5):
        run = subprocess.run(
            [sys.executable, "-c", AT_ONCE, str(tmp_path / "a.flac")], capture_output=True, text=True, timeout=120
        )
        assert run.stdout == "4\n", run.stderr
