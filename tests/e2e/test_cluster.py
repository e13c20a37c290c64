"""One model over several machines, with the real server: each row of what docs/cluster.md says happens."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from testing.clusters import Cluster, MakeCluster
from testing.paths import BIN
from testing.ports import is_free
from testing.processes import lives
from testing.services import Serviced
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("network namespaces, and the CPU build of mlx")
RANK_0, RANK_1 = "rank 0 (studio-1, ", "rank 1 (studio-2, "


def is_up(cluster: Cluster) -> None:
    """Bring it up on every machine, and see that it answers."""
    for code, said in cluster.up():
        assert code == 0, said
    assert cluster.statuses() == ["ready", *["joined"] * (len(cluster.macs) - 1)]
    assert cluster.chat()["choices"]


def nothing_is_left(cluster: Cluster) -> None:
    for mac in cluster.macs:
        run = mac.state_path.parent / "run"
        assert [one.name for one in run.iterdir() if not one.name.endswith(".lock")] == []
        assert mac.run("ps", "--json").json["servers"][0]["status"] == "stopped"


def test_two_macs_from_one_file_a_chat_a_cable_pulled_and_put_back(cluster_of: MakeCluster) -> None:
    cluster = cluster_of(apart=True)
    first, second = cluster.macs
    refused = first.run("up")
    assert refused.code == 1
    assert "--allow-cluster Big lets it" in refused.out
    codes = cluster.up()
    assert [code for code, _ in codes] == [0, 0], codes
    assert "waiting for studio-2" in codes[0][1] or "loading" in codes[0][1]
    assert "rank 1 of 2; studio-1 knows whether it is ready" in codes[1][1]
    assert cluster.statuses() == ["ready", "joined"]
    assert [(mac.seen()["rank"], mac.seen()["ranks"]) for mac in cluster.macs] == [(0, 2), (1, 2)]
    assert (first.seen()["answeredBy"], second.seen()["answeredBy"]) == (None, "studio-1")
    assert "\nBig: answered 20" in first.run("ps").out
    assert "\nBig: rank 1 of 2; studio-1 knows whether it is ready\n" in second.run("ps").out
    answered = first.seen()["answeredAt"]
    assert answered is not None
    assert second.seen()["answeredAt"] is None
    assert cluster.chat()["choices"]

    second.pull_the_cable()
    wait_for(lambda: cluster.statuses() == ["waiting", "waiting"])
    for mac in cluster.macs:
        assert f"its interface {mac.link} is down: is the cable in?" in mac.seen()["lastError"]
    assert mac.run("ps", "--check").code == 1
    assert cluster.chat(seconds=2) == {}

    second.put_the_cable_back()
    wait_for(lambda: cluster.statuses() == ["ready", "joined"])
    healed = cluster.up()
    assert [code for code, _ in healed] == [0, 0], healed
    assert cluster.chat()["choices"]

    pids = [mac.pid for mac in cluster.macs]
    assert [mac.run("down").code for mac in cluster.macs] == [0, 0]
    nothing_is_left(cluster)
    assert not any(map(lives, pids))


def test_a_rank_that_is_lost_is_told_on_both_machines_and_up_heals(cluster_of: MakeCluster) -> None:
    cluster = cluster_of()
    first, second = cluster.macs
    is_up(cluster)
    # Killed while nothing is asked: the first rank knows at once, the killed one was killed.
    os.kill(second.pid, signal.SIGKILL)
    wait_for(lambda: cluster.statuses() == ["dead-thread", "crashed"])
    assert second.seen()["exitCode"] == -signal.SIGKILL
    assert first.run("ps", "--check").code == 1
    is_up(cluster)
    # The first one is stopped as it should be: the other ends itself, and has not crashed.
    assert first.run("down").out == "  - Big: stopped\n"
    wait_for(lambda: cluster.statuses() == ["stopped", "stopped"])
    seen = second.seen()
    assert seen["exitCode"] in (-6, 0)
    assert seen["lastError"].startswith(f"its peer left: it lost {RANK_0}")
    assert second.run("down").out == "  = Big: not running: it had already exited\n"
    nothing_is_left(cluster)
    # And in the other order.
    is_up(cluster)
    assert second.run("down").out == "  - Big: stopped\n"
    wait_for(lambda: first.seen()["status"] == "dead-thread")
    assert first.run("down").out == "  - Big: stopped\n"
    nothing_is_left(cluster)


def test_a_rank_that_hangs_leaves_health_good_and_only_a_question_tells(cluster_of: MakeCluster) -> None:
    cluster = cluster_of()
    first, second = cluster.macs
    is_up(cluster)
    before = first.seen()["answeredAt"]
    os.kill(second.pid, signal.SIGSTOP)
    assert first.seen()["status"] == "ready"
    assert first.seen()["answeredAt"] == before
    assert f"kill -CONT {second.pid} continues it" in second.seen()["lastError"]
    asked = first.asked()
    assert asked["status"] == "dead-thread"
    assert "did not answer a question within 10 s, though its health is good" in asked["lastError"]
    os.kill(second.pid, signal.SIGCONT)
    assert cluster.chat()["choices"]
    assert first.asked()["status"] == "ready"
    assert first.asked()["answeredAt"] >= before


def test_a_rank_alone_waits_and_says_for_whom(cluster_of: MakeCluster) -> None:
    cluster = cluster_of()
    first, second = cluster.macs
    starting = first.start("up", "--allow-cluster", "Big", "--timeout", "60")
    wait_for(lambda: first.seen()["status"] == "waiting")
    assert first.seen()["lastError"].startswith(f"rank 0 of 2 waits for {RANK_1}")
    assert is_free(cluster.port)  # no HTTP yet
    starting.send_signal(signal.SIGINT)
    starting.communicate(timeout=60)
    assert first.seen()["status"] == "stopped"
    failed = second.run("up", "--allow-cluster", "Big", "--timeout", "3", "--json")
    assert failed.code == 1
    (server,) = failed.json["servers"]
    assert server["message"].startswith(f"rank 1 of 2 waits for {RANK_0}")
    assert "is it up there" in server["message"]
    nothing_is_left_running(cluster)


def nothing_is_left_running(cluster: Cluster) -> None:
    assert all(mac.seen()["pid"] is None for mac in cluster.macs)


def test_what_would_fail_is_refused_before_the_start(cluster_of: MakeCluster) -> None:
    three = cluster_of(3)  # on two heads for keys
    for mac in three.macs:
        (server,) = mac.run("up", "--allow-cluster", "Big", "--json").json["servers"]
        assert server["result"] == "failed"
        assert "3 ranks cannot divide its 2 num_key_value_heads" in server["message"]
    pipeline = cluster_of(sharding="pipeline").macs[0]
    (server,) = pipeline.run("up", "--allow-cluster", "Big", "--json").json["servers"]
    assert "cannot spread llama by a pipeline: try sharding: tensor" in server["message"]
    two = cluster_of()
    elsewhere = two.macs[0]
    elsewhere.environment["MLXSM_MACHINE"] = "studio-9"
    assert "has no such machine: it has studio-1, studio-2" in elsewhere.run("up").err
    taken = cluster_of()
    with socket.create_server(("127.0.0.1", taken.ring_ports[0])):
        (server,) = taken.macs[0].run("up", "--allow-cluster", "Big", "--json").json["servers"]
    assert f"for the other ranks of its cluster, port {taken.ring_ports[0]}" in server["message"]
    assert server["result"] == "failed"


def test_an_address_that_no_interface_has_is_refused(cluster_of: MakeCluster) -> None:
    mac = cluster_of().macs[0]
    mac.apply(mac.folder.joinpath("profiles.yaml").read_text().replace("127.0.0.1", "192.0.2.1", 1))
    (server,) = mac.run("up", "--allow-cluster", "Big", "--json").json["servers"]
    assert "is to be reached at 192.0.2.1, and no interface of this machine has it" in server["message"]


def test_a_rank_that_cannot_load_the_model_has_failed_whatever_its_code(
    cluster_of: MakeCluster, model: Path, tmp_path: Path
) -> None:
    cluster = cluster_of()
    second = cluster.macs[1]
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "tokenizer.json").write_text("{")
    second.apply(cluster.file.replace(str(model), str(broken)))
    codes = cluster.up(timeout=60)
    assert codes[0][0] == 1, codes
    wait_for(lambda: second.seen()["pid"] is None)
    seen = second.seen()
    assert (seen["status"], seen["exitCode"] in (0, -6)) == ("crashed", True), seen


def test_three_ranks_form_a_ring(cluster_of: MakeCluster, tmp_path: Path) -> None:
    from testing.programs.tiny_model import make_model

    folder = tmp_path / "six"
    folder.mkdir()
    make_model(folder, num_attention_heads=6, num_key_value_heads=3, hidden_size=96, intermediate_size=192)
    cluster = cluster_of(3, model=folder)
    is_up(cluster)
    os.kill(cluster.macs[2].pid, signal.SIGTERM)
    wait_for(lambda: cluster.statuses()[0] == "dead-thread")
    for mac in cluster.macs:
        mac.run("down")
    nothing_is_left(cluster)


def test_run_waits_for_the_others_without_end_and_starts_again(cluster_of: MakeCluster) -> None:
    cluster = cluster_of()
    first, second = cluster.macs
    words = ("run", "Big", "--allow-cluster", "Big", "--timeout", "2")
    waiting = first.start(*words)
    wait_for(lambda: first.seen()["status"] == "waiting")
    other = second.start(*words)
    wait_for(lambda: cluster.statuses() == ["ready", "joined"])
    assert cluster.chat()["choices"]
    # One is asked to end: it ends with 0, the other one ends with it, and a manager would start it again.
    other.send_signal(signal.SIGTERM)
    _, said = other.communicate(timeout=120)
    assert other.returncode == 0, said
    _, said = waiting.communicate(timeout=120)
    assert waiting.returncode == 1, said
    again = first.start(*words)
    wait_for(lambda: first.seen()["status"] == "waiting")
    again.send_signal(signal.SIGTERM)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    nothing_is_left(cluster)


def test_a_service_keeps_a_rank_and_waits_for_the_others(serviced: Serviced, cluster_of: MakeCluster) -> None:
    cluster = cluster_of()
    second = cluster.macs[1]
    serviced.environment |= {"MLXSM_SERVER": str(BIN / "mlx_lm.server"), "MLXSM_MACHINE": "studio-1"}
    serviced.environment |= {"HF_HUB_OFFLINE": "1"}
    serviced.apply(cluster.file)
    words = ("install", "Big", "--allow-cluster", "Big", "--json", "--timeout")
    alone = serviced.run("service", *words, "5").json["services"][0]
    assert alone["result"] == "failed"
    assert f"waits for {RANK_1}" in alone["message"]
    assert "its service goes on waiting" in alone["message"]
    assert second.run("up", "--allow-cluster", "Big").code == 0
    wait_for(lambda: serviced.seen("Big")["status"] == "ready")
    assert second.run("down").code == 0
    # The service starts it again, and it waits for the other one to come back.
    wait_for(lambda: serviced.seen("Big")["status"] == "waiting")
    assert second.run("up", "--allow-cluster", "Big").code == 0
    wait_for(lambda: serviced.seen("Big")["status"] == "ready")
    assert serviced.run("service", "uninstall", "Big").code == 0
    assert second.run("down").code == 0


def test_what_it_is_started_with_is_written_beside_the_record(cluster_of: MakeCluster) -> None:
    cluster = cluster_of()
    first = cluster.macs[0]
    first.environment |= {"MLX_RANK": "7", "MLX_HOSTFILE": "/nowhere"}
    starting = first.start("up", "--allow-cluster", "Big")
    wait_for(lambda: first.seen()["status"] == "waiting")
    assert first.seen()["stale"] is False
    first.apply(cluster.file.replace(str(cluster.ring_ports[1]), "9"))
    assert first.seen()["stale"] is True
    (change,) = first.seen()["changes"]
    assert change.startswith("cluster ring, rank 0 of 2: ")
    first.apply(cluster.file)
    assert "only studio-1 answers clients" in first.run("connect", "Big").err
    environment = Path(f"/proc/{first.pid}/environ").read_text().split("\0")
    told = dict(one.split("=", 1) for one in environment if one.startswith("MLX_"))
    assert told["MLX_RANK"] == "0"
    hosts = Path(told["MLX_HOSTFILE"])
    assert json.loads(hosts.read_text()) == [[f"127.0.0.1:{port}"] for port in cluster.ring_ports]
    assert hosts.parent == first.state_path.parent / "run"
    assert hosts.stat().st_mode & 0o777 == 0o600
    first.run("down")
    starting.communicate(timeout=60)
    assert not hosts.exists()
