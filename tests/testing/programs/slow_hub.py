#!/usr/bin/env python3
"""A small hub on loopback: the files of one folder, as any model's, so slowly that a download can be watched.

    slow_hub.py FOLDER PIECES GATE

Each large file comes in so many pieces; what is left after the first half waits until there is a file GATE.
"""

import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER, PIECES, GATE = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 100_000


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        names = sorted(one.name for one in FOLDER.iterdir())
        if path.startswith("/api/models/") and "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": (FOLDER / name).stat().st_size, "oid": COMMIT}
                for name in names
            ]
            self.send(json.dumps(tree).encode(), body=body)
        elif path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in names]
            model = "/".join(path.split("/")[3:5])
            told = {
                "id": model,
                "modelId": model,
                "sha": COMMIT,
                "siblings": siblings,
                "private": False,
                "tags": [],
            }
            self.send(json.dumps(told).encode(), body=body)
        elif "/resolve/" in path and path.rpartition("/")[2] in names:
            self.send((FOLDER / path.rpartition("/")[2]).read_bytes(), body=body)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def send(self, data: bytes, *, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        size = -(-len(data) // PIECES) if len(data) > LARGE else len(data) or 1
        for start in range(0, len(data) if body else 0, size):
            while start > len(data) // 2 and not GATE.exists():
                time.sleep(0.05)
            self.wfile.write(data[start : start + size])
            self.wfile.flush()
            if len(data) > LARGE:
                time.sleep(0.2)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
sys.stdout.write(f"{server.server_address[1]}\n")
sys.stdout.flush()
server.serve_forever()
