"""A bench that is told to end while it forks ends, and so does its child."""

import subprocess
import sys

ENDS = """
import os, signal, sys
from pathlib import Path
from bench.crash import finished
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
os.register_at_fork(after_in_%s=lambda: os.kill(os.getpid(), signal.SIGTERM))
finished(lambda: None, Path(sys.argv[1]), 20)
"""


def test_a_signal_that_comes_while_the_parent_forks_is_heard(tmp_path):
    done = _run("parent", tmp_path)

    assert done.returncode == 143, done.stderr


def test_a_signal_that_comes_while_the_child_forks_ends_the_child(tmp_path):
    done = _run("child", tmp_path)

    assert "did not" in done.stderr


def _run(side, folder):
    words = (sys.executable, "-c", ENDS % side, str(folder / "log"))
    return subprocess.run(words, capture_output=True, text=True, timeout=300)
