"""Processes that are started while a signal comes begin whole, and the signal is not lost."""

import signal
import subprocess
import sys

import pytest

from auricle.held_signals import signals_held

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

_PARENT = """
import multiprocessing, os, signal, sys, threading, time
from auricle.held_signals import end_on_signals, signals_held

def child(pipe):
    end_on_signals(unwind=False)
    pipe.send(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))

if __name__ == "__main__":
    number = int(sys.argv[1])
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs,))
    signal.signal(number, lambda number, frame: print("came", flush=True))
    with signals_held():
        os.kill(os.getpid(), number)
        process.start()
        print("started", flush=True)
    print(ours.recv(), flush=True)
    process.join()
    print(process.exitcode)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_waits_until_the_process_has_started(tmp_path, name):
    (tmp_path / "parent.py").write_text(_PARENT, "utf-8")
    number = str(signal.Signals[name].value)
    result = subprocess.run(
        [sys.executable, tmp_path / "parent.py", number], capture_output=True, text=True, timeout=300, check=False
    )
    assert (result.stdout.split("\n"), result.stderr) == (["started", "came", "[]", "0", ""], "")


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals_held():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


_SCORES = """
import os, signal, sys, time
from multiprocessing import util
from auricle.bench.cost.pool import scoring_pool

def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)

def interrupt_start(which, moment, interrupted):
    start, starts = util.spawnv_passfds, []

    def interrupting_start(path, words, descriptors):
        starts.extend(words[-1:] if words[-1] == "--multiprocessing-fork" else ())
        now = len(starts) == which and not os.path.exists(interrupted)
        if now and moment == "before":
            os.kill(os.getpid(), signal.SIGINT)
        number = start(path, words, descriptors)
        if now and moment == "half-way":
            os.kill(os.getpid(), signal.SIGINT)
        if now:
            open(interrupted, "w").close()
        return number

    util.spawnv_passfds = interrupting_start

if __name__ == "__main__":
    which, moment, interrupted = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with scoring_pool(2) as pool:
            interrupt_start(which, moment, interrupted)
            for future in [pool.submit(wait_for, interrupted) for _ in range(2)]:
                future.result()
            print("not interrupted")
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize("moment", ["before", "half-way"])
def test_interrupting_the_scores_of_a_benchmark_is_one_line(tmp_path, which, moment):
    """While one of the processes that score is started: the work of the first lasts until the interrupt has come."""
    (tmp_path / "scores.py").write_text(_SCORES, "utf-8")
    result = subprocess.run(
        [sys.executable, tmp_path / "scores.py", str(which), moment, tmp_path / "interrupted"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("interrupted\n", "")


def test_processes_that_score_end_with_the_one_that_was_killed(tmp_path):
    script = tmp_path / "scores.py"
    script.write_text(
        "import os, time\n"
        "if __name__ == '__main__':\n"
        "    from auricle.bench.cost.pool import scoring_pool\n"
        "    with scoring_pool(2) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        time.sleep(60)\n",
        "utf-8",
    )
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert int(process.stdout.readline()) != process.pid
    process.kill()
    assert process.communicate(timeout=300) == ("", None), "the pipe is closed by the last process that writes there"
