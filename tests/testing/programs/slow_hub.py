#!/usr/bin/env python3
"""A small hub on loopback: the files of one folder, as any model's, so slowly that a download can be watched.

    slow_hub.py FOLDER PIECES GATE [PAUSE]

Each large file comes in so many pieces, PAUSE seconds apart; what is left after the first half waits until there is
a file GATE. What else happens is told by the model's name:

    org/missing   401, as the hub answers where there is no such model, or it is not told to strangers
    org/nowhere   404
    org/gated     the model is known, and its files are 401: its terms want a name
    org/denied    the same with 403: the name that was given may not
    org/busy      429 to everything
    org/breaks    the connection ends in the midst of the first large file that is asked for, once
"""

import hashlib
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER, PIECES, GATE = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
PAUSE = float(sys.argv[4]) if len(sys.argv) > 4 else 0.2
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 100_000
RESTRICTED = (
    "Access to model {model} is restricted. You must have access to it and be authenticated to access it."
)
NOT_LISTED = "Access to model {model} is restricted and you are not in the authorized list."
REFUSALS = {
    "org/missing": (401, "RepoNotFound", "Repository not found"),
    "org/nowhere": (404, "RepoNotFound", "Repository not found"),
    "org/busy": (429, "", "We had to rate limit your IP"),
}
REFUSED_FILES = {"org/gated": (401, "GatedRepo", RESTRICTED), "org/denied": (403, "GatedRepo", NOT_LISTED)}
broken_off: list[str] = []


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        of_files = "/resolve/" in path
        model = "/".join(path.strip("/").removeprefix("api/models/").split("/")[:2])
        names = sorted(one.name for one in FOLDER.iterdir())
        refusal = REFUSALS.get(model) or (REFUSED_FILES.get(model) if of_files else None)
        if refusal is not None:
            self.refuse(*refusal, model)
        elif path.startswith("/api/models/") and "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": (FOLDER / name).stat().st_size, "oid": COMMIT}
                for name in names
            ]
            self.send(json.dumps(tree).encode(), body=body)
        elif path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in names]
            told = {
                "id": model,
                "modelId": model,
                "sha": COMMIT,
                "siblings": siblings,
                "private": False,
                "tags": [],
            }
            self.send(json.dumps(told).encode(), body=body)
        elif of_files and path.rpartition("/")[2] in names:
            self.send(
                (FOLDER / path.rpartition("/")[2]).read_bytes(), body=body, breaking=model == "org/breaks"
            )
        else:
            self.refuse(404, "EntryNotFound", "Entry not found", model)

    def refuse(self, status: int, code: str, message: str, model: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message.format(model=model))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, data: bytes, *, body: bool, breaking: bool = False) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - first))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        size = -(-len(data) // PIECES) if len(data) > LARGE else len(data) or 1
        for start in range(first, len(data) if body else 0, size):
            if breaking and size < len(data) and start > first and not broken_off:
                broken_off.append(self.path)
                self.close_connection = True
                return
            while start > len(data) // 2 and not GATE.exists():
                time.sleep(0.05)
            self.wfile.write(data[start : start + size])
            self.wfile.flush()
            if len(data) > LARGE:
                time.sleep(PAUSE)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
sys.stdout.write(f"{server.server_address[1]}\n")
sys.stdout.flush()
server.serve_forever()
