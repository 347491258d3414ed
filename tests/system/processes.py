"""Commands that run as processes of their own, each with a log."""

import signal
import subprocess
import time
from contextlib import contextmanager

from tests.chain.nats import Cluster

TOLD = 2_000  # characters of each log where a test gives up


class Processes:
    """Processes by their keys; who derives from it says where the log of each lies."""

    def __init__(self, within_s):
        """A test gives up after `within_s`, or when one ended by itself."""
        self.within_s, self.running = within_s, {}

    def log(self, key):
        """Where the log of a process lies."""
        raise NotImplementedError

    def begin(self, key, words):
        with self.log(key).open("ab") as log:
            self.running[key] = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)

    def said(self, key):
        path = self.log(key)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def until(self, reached):
        until = time.monotonic() + self.within_s
        while not reached():
            gone = [one for one, process in self.running.items() if process.poll() is not None]
            logs = "\n".join(f"{one}: {self.said(one)[-TOLD:]}" for one in self.running)
            assert not gone and time.monotonic() < until, f"ended: {gone}\n{logs}"
            time.sleep(0.1)

    def until_said(self, text, key, times=1):
        self.until(lambda: self.said(key).count(text) >= times)

    def end(self, key, how=signal.SIGKILL):
        """End a process by a signal; how it ended."""
        process = self.running.pop(key)
        process.send_signal(how)
        return process.wait(60)

    def stop(self):
        for process in self.running.values():
            process.kill()
            process.wait()


@contextmanager
def behind_a_bus(folder, towns, made_of):
    """Oracles of a town behind three servers of a bus: `made_of` takes folder, town and cluster."""
    cluster = Cluster(folder)
    cluster.start()
    try:
        with towns() as made:
            started = made_of(folder, made, cluster)
            try:
                yield started
            finally:
                started.stop()
    finally:
        cluster.stop()
