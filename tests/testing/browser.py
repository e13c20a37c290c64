"""A real Chromium without a window, asked through a pipe: https://chromedevtools.github.io/devtools-protocol/"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SECONDS = 60
# The browser reads commands from 3 and answers on 4, so the pipe is put there in a child that becomes it.
_START = """
import os, sys
reading, writing = int(sys.argv[1]), int(sys.argv[2])
os.dup2(reading, 103), os.dup2(writing, 104)
os.dup2(103, 3, inheritable=True), os.dup2(104, 4, inheritable=True)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a browser."""

    def __init__(self, writing: int, reading: int) -> None:
        self._writing, self._reading = writing, reading
        self._buffer, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """The answer to one command."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self._number:
            self.events.append(found)
        assert "error" not in found, (method, found["error"])
        return found["result"]

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], max(0, until - time.monotonic()))
            assert ready, "the browser says nothing"
            data = os.read(self._reading, 1 << 16)
            assert data, "the browser has ended"
            self._buffer += data
        one, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        return message

    def open(self, path: Path, *, width: int = 1280, scheme: str = "light", media: str = "screen") -> None:
        """Show a file in a window of so many pixels, in the theme `light` or `dark`."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=wanted)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(one.get("method") == "Page.loadEventFired" for one in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript gives; the page itself may run none."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def told(self, method: str) -> list[dict[str, Any]]:
        """What the browser said of the page that is shown."""
        return [one["params"] for one in self.events if one.get("method") == method]

    def first_pixel(self) -> tuple[int, int, int]:
        """The colour of the corner, in a picture of the page."""
        picture = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        data, at = b"", 8
        while at < len(picture):
            size = int.from_bytes(picture[at : at + 4], "big")
            data += picture[at + 8 : at + 8 + size] if picture[at + 4 : at + 8] == b"IDAT" else b""
            at += size + 12
        # No filter of PNG changes the first pixel of a picture: https://www.w3.org/TR/png-3/#9Filters
        red, green, blue = zlib.decompress(data)[1:4]
        return red, green, blue


@contextmanager
def chromium(home: Path) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "install chromium, which shows pages"
    (to_read, writing), (reading, to_write) = os.pipe(), os.pipe()
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _START,
            str(to_read),
            str(to_write),
            *command,
            f"--user-data-dir={home / 'profile'}",
        ],
        pass_fds=(to_read, to_write),
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(to_write)
    try:
        yield Browser(writing, reading)
    finally:
        child.kill()
        child.wait()
        os.close(writing)
        os.close(reading)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of a file."""
    with chromium(tmp_path_factory.mktemp("browser")) as one:
        yield one
