"""A terminal of a reader: runs what the page says in a folder, and keeps what goes on running."""

import os
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

READY = "Siegel sandbox ready"


class Terminal:
    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.running: list[tuple[subprocess.Popen, Path]] = []

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, script: str) -> str:
        """Runs the lines in one shell that ends at the first mistake; answers what they print."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"exit {done.returncode}: {script.strip()}\n{done.stdout}{done.stderr}")
        return done.stdout

    def asks(self, service: str, question: str) -> list[tuple]:
        """What the sandbox's database of a service answers."""
        with sqlite3.connect(self.folder / f"siegel-data/db/{service}.sqlite") as database:
            return database.execute(question).fetchall()

    def start(self, command: str, ready: str, seconds: float = 60, **env: str) -> None:
        """Starts one command in a terminal of its own and waits until it has printed `ready`."""
        log = self.folder / f"log-{len(self.running)}.txt"
        with log.open("wb") as out:
            process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.folder, stdout=out, stderr=out, env=os.environ | env)
        self.running.append((process, log))
        wait_for(lambda: re.search(ready, log.read_text()) or process.poll() is not None, seconds, f"{command}: {log.read_text()[-2000:]}")
        if process.poll() is not None:
            raise RuntimeError(f"{command} ended: {log.read_text()[-2000:]}")

    def last_log(self) -> str:
        return self.running[-1][1].read_text()

    def end(self, process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def end_last(self) -> None:
        self.end(self.running.pop()[0])

    def end_all(self) -> None:
        while self.running:
            self.end_last()


def wait_for(state, seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not state():
        if time.monotonic() > until:
            raise RuntimeError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
