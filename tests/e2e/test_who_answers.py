"""Only our own server is asked, and only its answers count."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.ledger import Tally
from testing.ports import is_free, new_port
from testing.processes import lives
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]

# It listens; when a file of this name is there, it says that it is well, gives its socket up, and lives on.
GIVES_UP = """\
import os, socket, sys, time
port = next(int(word.partition("=")[2]) for word in sys.argv if word.startswith("--port="))
own = socket.create_server(("127.0.0.1", port))
while True:
    one, _ = own.accept()
    if b"/health" in one.recv(1000) and os.path.exists(os.environ["HOME"] + "/give-up"):
        one.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n{}")
        one.close()
        break
    one.close()
own.close()
time.sleep(60)
"""
# It listens, and takes no connection while a file of this name is there.
BUSY = """\
import http.server, json, os, sys, time
port = next(int(word.partition("=")[2]) for word in sys.argv if word.startswith("--port="))
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps({"status": "ok", "choices": [{}]}).encode())
    do_POST = do_GET
class S(http.server.HTTPServer):
    request_queue_size = 1
    def service_actions(self):
        while os.path.exists(os.environ["HOME"] + "/busy"):
            time.sleep(0.02)
S(("127.0.0.1", port), H).serve_forever(poll_interval=0.02)
"""


def serve_with(servers: Servers, code: str) -> int:
    program = servers.folder / "program.py"
    program.write_text(code)
    servers.environment["MLXSM_SERVER"] = f"{sys.executable} {program}"
    return servers.declare(A="test/a")["A"]


@pytest.mark.threat(28)
def test_a_server_that_gave_its_socket_up_is_not_ready_whoever_answers(
    servers: Servers, stranger: Stranger, tally: Tally
) -> None:
    port = serve_with(servers, GIVES_UP)
    starting = servers.start("up", "--timeout", "60", "--json")
    wait_for(lambda: not is_free(port))
    (Path(servers.environment["HOME"]) / "give-up").touch()
    wait_for(lambda: is_free(port))
    other = stranger(port)
    out, _ = starting.communicate(timeout=120)
    tally.add(squatters=1)
    assert starting.returncode == 1
    assert '"result": "failed"' in out
    assert other.poll() is None


@pytest.mark.threat(28)
def test_a_server_that_is_busy_is_left_alone(servers: Servers, tally: Tally) -> None:
    port = serve_with(servers, BUSY)
    pid = servers.up()["A"]["pid"]
    busy = Path(servers.environment["HOME"]) / "busy"
    busy.touch()
    waiting = [
        subprocess.Popen(["curl", "-s", "-m", "60", f"http://127.0.0.1:{port}/"], stdout=subprocess.DEVNULL)
        for _ in range(8)
    ]
    try:
        seen = servers.seen("A")
        assert (seen["pid"], seen["status"]) == (pid, "dead-thread")
        servers.up()
        assert lives(pid)
    finally:
        busy.unlink()
        for one in waiting:
            one.wait()
    assert wait_for(lambda: servers.seen("A")["status"] == "ready")
    assert servers.seen("A")["pid"] == pid
    tally.add(busy_servers=1)


@pytest.mark.threat(26)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees the marks of other users")
def test_a_mark_of_another_user_is_no_proof(servers: Servers, tally: Tally) -> None:
    servers.declare(A="test/a")
    servers.up()
    record = servers.record("A")
    nobody = 65534
    victim = subprocess.Popen(
        ["sleep", "600"],
        env={"MLXSM_RUN": f"{record['id']}.{record['nonce']}", "PATH": "/usr/bin:/bin"},
        user=nobody,
        start_new_session=True,
    )
    try:
        os.kill(record["pid"], signal.SIGKILL)
        wait_for(lambda: not lives(record["pid"]))
        servers.run("down", "--force")
        tally.add(marks=1)
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.threat(26)
def test_a_server_that_left_its_group_is_stopped(servers: Servers, tally: Tally) -> None:
    leaves = (
        "import os, subprocess\n"
        "child = subprocess.Popen(['sleep', '600'], process_group=0)\n"
        "os.setpgid(0, child.pid)\n"
    )
    port = serve_with(servers, leaves + BUSY)
    servers.up()
    (told,) = servers.run("down", "--grace", "5", "--force", "--json").json["servers"]
    tally.add(groups=1)
    assert told["result"] in ("stopped", "killed"), told
    assert is_free(port)


@pytest.mark.threat(28)
def test_nobody_beside_a_server_for_every_address_is_taken_for_it(servers: Servers, tally: Tally) -> None:
    port = new_port()
    code = BUSY.replace('S(("127.0.0.1"', 'S.allow_reuse_port = True\nS(("0.0.0.0"')
    program = servers.folder / "program.py"
    program.write_text(code)
    servers.environment["MLXSM_SERVER"] = f"{sys.executable} {program}"
    servers.write_profiles({"A": {"modelID": "test/a", "port": port, "host": "0.0.0.0"}})
    servers.run("up", "--allow-host", "0.0.0.0")
    assert servers.seen("A")["status"] == "ready"
    beside = BUSY.replace('S(("127.0.0.1"', 'S.allow_reuse_port = True\nS(("127.0.0.1"')
    other = subprocess.Popen([sys.executable, "-c", beside, f"--port={port}"], env=servers.environment)
    try:
        wait_for(lambda: servers.seen("A")["status"] == "no-socket")
        assert servers.run("down").code in (0, 1)
        tally.add(squatters=1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
