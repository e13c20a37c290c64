#!/usr/bin/env python3
"""A small real server with the faults that mlx_lm.server shows too slowly, or only in old releases.

It takes the same options. What it does is told by its model: `test/WORD` or `test/WORD-NUMBER`, several joined
by `_`: `test/load-2_deaf`.

    load-S      the model takes S seconds, in a thread: health is 200 meanwhile, requests wait (0.31.3 and newer)
    gate-NAME   the model loads when there is a file gate-NAME in the home
    hush-NAME   the thread that answers dies when there is a file gate-NAME, as in 0.31.3: health stays 200
    says-V      calls itself release V in its answers
    fetch-N     before it loads, writes N pieces of a megabyte into the hub's cache, one after the other
    first-S     the model takes S seconds before the socket is bound (0.31.2 and older)
    dead        the thread that loads dies: health is 503 (0.32)
    mute        the thread that loads dies: health stays 200, requests hang (0.31.3)
    old         there is no /health (0.24.0 and older)
    exit-N      ends at once with code N
    fail-S      the thread that answers dies after S seconds: health is 503 from then on
    late-S      ends with code 3 after S seconds
    taken       the socket cannot be bound, and the process stays
    unbound     never binds a socket
    deaf        ignores TERM
    drop        drops the connection of every completion
    refuse      answers every completion with 404
    odd         answers with 200 what no model server says
    child       another process of the group serves; it ignores TERM, too, with deaf
    escape      another process, outside the group, holds the socket and stays
    spew-N      writes N numbered lines
    meet-N      loads when N servers of this home are loading
    asked-N     answers about its health when N servers of this home are asked
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--model", "--host", "--allowed-origins", "--chat-template-args", "--log-level"):
        parser.add_argument(name)
    for name in ("--trust-remote-code", "--some-new-option"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--max-tokens", type=int)
    parser.add_argument("--temp", type=float)
    return parser.parse_args()


OPTIONS = options()
WORDS = dict(word.partition("-")[::2] for word in OPTIONS.model.rpartition("/")[2].split("_"))
LOADED, FAILED, SILENT = threading.Event(), threading.Event(), threading.Event()
STAMP = "2026-01-01 10:00:00,123"
DIED = (
    "Exception in thread Thread-1 (_generate):\nTraceback (most recent call last):\n  File x\nValueError: bad"
)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def seconds(word: str) -> float:
    return float(WORDS.get(word) or 0)


def meet(word: str) -> None:
    """Go on when as many servers as the word says have come here."""
    if word in WORDS:
        place = Path.home() / word
        place.mkdir(exist_ok=True)
        (place / str(OPTIONS.port)).touch()
        while len([*place.iterdir()]) < seconds(word):
            time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health" and "old" not in WORDS:
            meet("asked")
            self.answer(503 if FAILED.is_set() else 200, {"status": "ok"})
        else:
            self.answer(404, {"error": "Not Found"})

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if asked == b"[]":
            self.answer(400, {"error": "Request should be a JSON dictionary"})
            return
        try:
            json.loads(asked)
        except ValueError as error:
            # As the real one does, line breaks and all.
            say(f"{STAMP} - ERROR - JSONDecodeError: {error} - Raw body: {asked.decode()}")
            self.answer(400, {"error": "Invalid JSON in request body"})
            return
        if "drop" in WORDS:
            return
        self.complete()

    def complete(self) -> None:
        while not LOADED.is_set():
            if FAILED.is_set():
                self.answer(404, {"error": "generation thread died"})
                return
            time.sleep(0.01)
        while SILENT.is_set():
            time.sleep(1)
        if "refuse" in WORDS:
            self.answer(404, {"error": "temperature must be at least 0"})
        elif "odd" in WORDS:
            self.answer(200, {"hello": "world"})
        else:
            fingerprint = f"{WORDS['says']}-0.31.1-Linux" if "says" in WORDS else "stand-in"
            self.answer(200, {"choices": [{"index": 0}], "system_fingerprint": fingerprint})

    def answer(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


class Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        socket.setdefaulttimeout(None)
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to talk about."""


def wait_at(word: str) -> None:
    """Go on when the gate of this name is open."""
    while word in WORDS and not (Path.home() / f"gate-{WORDS[word]}").exists():
        time.sleep(0.02)


def fetch() -> None:
    name = OPTIONS.model.replace("/", "--")
    blobs = Path(os.environ["HF_HUB_CACHE"]) / f"models--{name}" / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    with (blobs / "abc.1234.incomplete").open("wb") as file:
        for _ in range(int(WORDS["fetch"])):
            file.write(os.urandom(1_000_000))
            file.flush()
            time.sleep(0.25)
    (blobs / "abc.1234.incomplete").rename(blobs / "abc")


def hush() -> None:
    wait_at("hush")
    SILENT.set()
    say(DIED)


def load() -> None:
    time.sleep(seconds("load"))
    if "fetch" in WORDS:
        fetch()
    meet("meet")
    wait_at("gate")
    if "dead" in WORDS:
        say("ERROR - mlx_lm.server generation thread died: Model type odd not supported.")
        FAILED.set()
    elif "mute" in WORDS:
        say(DIED)
    else:
        LOADED.set()
        if "hush" in WORDS:
            threading.Thread(target=hush, daemon=True).start()


def serve() -> None:
    Server.address_family = socket.AF_INET6 if ":" in OPTIONS.host else socket.AF_INET
    server = Server((OPTIONS.host, OPTIONS.port), Handler)
    threading.Thread(target=load, daemon=True).start()
    say(f"Starting httpd at {OPTIONS.host} on port {OPTIONS.port}...")
    server.serve_forever()


def no_more() -> None:
    say("MemoryError: no more")
    os._exit(3)


def main() -> None:
    if "deaf" in WORDS:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for number in range(int(WORDS.get("spew") or 0)):
        say(f"line {number}")
    if "exit" in WORDS:
        say("mlx_lm.server: error: argument --max-tokens: invalid int value")
        sys.exit(int(WORDS["exit"]))
    if "late" in WORDS:
        threading.Timer(seconds("late"), no_more).start()
    if "fail" in WORDS:
        threading.Timer(seconds("fail"), FAILED.set).start()
    time.sleep(seconds("first"))
    if "taken" in WORDS:
        say("Traceback (most recent call last):\nOSError: [Errno 98] Address already in use")
    if "taken" in WORDS or "unbound" in WORDS:
        signal.pause()
    if "escape" in WORDS or "child" in WORDS:
        if os.fork() > 0:
            signal.pause()
        if "escape" in WORDS:
            os.setsid()
    serve()


if __name__ == "__main__":
    main()
