#!/usr/bin/env python3
"""GitHub's API on loopback, as far as the comments of one pull request need it.

    stand_in_github.py SETTINGS

SETTINGS is a file of JSON: `token`; `viewer` (the user whose it is); `comments` (what is there); `page` (how many are
listed at once); `faults`, each once: [method, status, headers, whether it is carried out all the same]; `refused`:
a status for each method that always fails. GET /seen tells the comments, and what was asked.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SETTINGS = json.loads(Path(sys.argv[1]).read_text())
COMMENTS = list(SETTINGS.get("comments", []))
FAULTS = list(SETTINGS.get("faults", []))
SEEN: list[list[str]] = []
LIST = re.compile(r"/repos/o/r/issues/7/comments")
ONE = re.compile(r"/repos/o/r/issues/comments/(\d+)")


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/seen":
            self.send(200, {"comments": COMMENTS, "requests": SEEN})
        elif self.may():
            self.listed()

    def do_POST(self) -> None:
        given = self.given()
        if self.path == "/graphql":
            viewer = SETTINGS["viewer"]
            told = {"login": viewer["login"], "databaseId": viewer["id"]}
            self.send(200, {"data": {"viewer": told} if SETTINGS.get("says_who", True) else None})
        elif self.may(lambda: self.create(given)) and LIST.fullmatch(self.path):
            self.send(201, self.create(given))

    def do_PATCH(self) -> None:
        given, found = self.given(), ONE.fullmatch(self.path)
        if self.may() and found:
            (one,) = (one for one in COMMENTS if one["id"] == int(found[1]))
            one["body"] = given["body"]
            self.send(200, one)

    def given(self) -> dict[str, str]:
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def create(self, given: dict[str, str]) -> dict[str, object]:
        if len(given["body"]) > 65_536:
            raise SystemExit("the body is too long")
        made = {"id": 1000 + len(COMMENTS), "body": given["body"], "user": SETTINGS["viewer"]}
        COMMENTS.append(made)
        return made

    def may(self, work: object = None) -> bool:
        """Whether the request is carried out; else it is answered here."""
        SEEN.append([self.command, self.path])
        if self.headers["Authorization"] != f"Bearer {SETTINGS['token']}":
            self.send(401, {"message": "Bad credentials"})
            return False
        if status := SETTINGS.get("refused", {}).get(self.command):
            self.send(status, {"message": "Resource not accessible by integration"})
            return False
        for fault in FAULTS:
            if fault[0] == self.command:
                FAULTS.remove(fault)
                if len(fault) > 3 and fault[3] and callable(work):
                    work()
                self.send(fault[1], {"message": "not now"}, fault[2])
                return False
        return True

    def listed(self) -> None:
        url = urlsplit(self.path)
        asked = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
        size = min(asked["per_page"], SETTINGS.get("page", 100))
        start = (asked["page"] - 1) * size
        more = start + size < len(COMMENTS)
        # A hostile next page: who follows it takes the token somewhere else.
        link = {"Link": '<https://elsewhere.example/?page=2>; rel="next"'} if more else {}
        if LIST.fullmatch(url.path):
            self.send(200, COMMENTS[start : start + size], link)
        else:
            self.send(404, {"message": "Not Found"})

    def send(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
sys.stdout.write(f"{server.server_address[1]}\n")
sys.stdout.flush()
server.serve_forever()
