"""A sweep lets nobody in: what listens where, who may hand it code; TLS to a cluster of others; and what is true afterwards."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime

import psutil
import pytest
from kit.course import COURSE, WORK, course, refused, started, table, write_notebook
from kit.processes import family, process_of, wait, wait_gone

from lib.runner import cluster
from lib.runner.sweep import without_outputs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STARTED", str(tmp_path / "started"))
    write_notebook(tmp_path / "notebooks", "04_work", WORK)
    return tmp_path / "notebooks"


def running(folder, *words, **more):
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    return process_of([*COURSE, "sweep", *words], env=environment, cwd=folder.parent, text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **more)


# As another user, whose Python has imported Dask already: it may not be able to read this one's.
STRANGER = """
import asyncio, os, sys
import distributed.comm.tcp
from distributed.comm import connect
from distributed.security import Security
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)

async def knock(protocol, port, **how):
    comm = await connect(f"{protocol}://127.0.0.1:{port}", timeout=2, **how)
    await comm.write({"op": "identity", "reply": True})
    return str(await comm.read())[:60]

async def main():
    tls = Security.temporary().get_connection_args("client")
    knocks = [knock(protocol, port, **how) for port in sys.argv[1:] for protocol, how in (("tcp", {}), ("tls", tls))]
    _, silent = await asyncio.wait(knocks := [asyncio.ensure_future(each) for each in knocks], timeout=8)
    print(*["refused" if each in silent or each.exception() else each.result() for each in knocks], sep="|", flush=True)
    os._exit(0)

asyncio.run(main())
"""


def pages(port):
    """Return the pages that a port shows to whoever asks for one; those of TLS have none."""
    shown = []
    for path in ("/", "/status", "/info/main/workers.html", "/metrics", "/health"):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2)
            shown.append(path)
        except urllib.error.HTTPError:
            continue
        except (OSError, http.client.HTTPException):
            break
    return shown


def test_a_sweep_listens_at_the_loopback_alone_and_takes_no_code_of_others(folder):
    with running(folder, "4", "-g", "seed=1,2", "-p", "seconds", "60", "--workers", "2", "--out", "out") as process:
        wait(lambda: len(started(folder)) >= min(2, os.cpu_count()))
        processes = [psutil.Process(process.pid), *family(process.pid)]
        listening = [(one.pid, c.laddr) for one in processes for c in one.net_connections() if c.status == psutil.CONN_LISTEN]
        for pid, address in sorted(listening):
            print(pid, address)
        assert len(listening) > 3 and {address.ip for _, address in listening} == {"127.0.0.1"}
        assert not any("BEGIN" in word or "PRIVATE" in word for one in processes for word in one.cmdline())
        assert not [page for _, address in listening for page in pages(address.port)], "every user of this machine can read it"
        ports = [str(address.port) for pid, address in listening if pid == process.pid]
        tried = subprocess.run([sys.executable, "-c", STRANGER, *ports], capture_output=True, text=True, timeout=60)
        assert tried.stdout.strip() == "|".join(["refused"] * 2 * len(ports)), tried.stdout + tried.stderr
    assert sum(p.name.startswith(".course") for p in (folder.parent / "out").iterdir()) <= 2


@pytest.mark.parametrize("words, message", [
    (["--scheduler", "foo"], "foo is no address: write tcp://HOST:PORT or tls://HOST:PORT"),
    (["--scheduler", "ucx://127.0.0.1:9"], "is no address"),
    (["--scheduler", "tcp://127.0.0.1"], "is no address"),
    (["--scheduler", ""], "is no address"),
    (["--scheduler", "tls://127.0.0.1:9"], "needs --tls-ca and --tls-cert and --tls-key too"),
    (["--scheduler", "tls://127.0.0.1:9", "--tls-ca", "no", "--tls-cert", "no", "--tls-key", "no"], "are no PEM files"),
    (["--scheduler", "tls://127.0.0.1:9", "--tls-ca", "bad", "--tls-cert", "bad", "--tls-key", "bad"], "are no PEM files"),
    (["--scheduler", "tcp://127.0.0.1:9", "--tls-ca", "bad"], "go with --scheduler tls://"),
    (["--tls-key", "bad"], "go with --scheduler tls://"),
    (["--timeout", "0"], "0 is not in the range"),
])
def test_a_wrong_way_to_a_cluster_is_told_and_writes_nothing(folder, words, message, monkeypatch, capsys):
    (folder.parent / "bad").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    assert message in refused(folder, ["sweep", "4", "-g", "seed=1", *words, "--out", "out"], monkeypatch, capsys)


def test_where_nobody_answers_nothing_is_written(folder):
    before = sorted(folder.parent.rglob("*"))
    ended = course(folder, "sweep", "4", "-g", "seed=1", "--out", "a/b", "--scheduler", "tcp://127.0.0.1:9")
    assert ended.returncode == 2 and "Traceback" not in ended.stderr and "Exception" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("course: No Dask scheduler answers at tcp://127.0.0.1:9")
    assert sorted(folder.parent.rglob("*")) == before


def test_the_key_of_a_sweep_is_its_own_and_outlives_a_clock_that_is_set():
    from cryptography import x509

    one, two = cluster._own_key(), cluster._own_key()
    assert one.tls_client_key != two.tls_client_key and one.require_encryption
    certificate = x509.load_pem_x509_certificate(one.tls_ca_file.encode())
    assert certificate.not_valid_before_utc.year < 2001 and certificate.not_valid_after_utc.year > 2099
    assert datetime.now().year < 2099
    assert "PRIVATE" not in repr(one)


@contextmanager
def tls_cluster(tmp_path):
    """Start a scheduler and a worker of others that speak TLS; yields its address and the words for who may come in."""
    keys = cluster._own_key()
    for name, text in (("ca", keys.tls_ca_file), ("cert", keys.tls_client_cert), ("key", keys.tls_client_key)):
        (tmp_path / f"{name}.pem").write_text(text)
    files = [str(tmp_path / f"{name}.pem") for name in ("ca", "cert", "key")]
    dask = shutil.which("dask", path=os.path.dirname(sys.executable))
    tls = ["--tls-ca-file", files[0], "--tls-cert", files[1], "--tls-key", files[2]]
    place = tmp_path / "scheduler.json"
    quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    words = ["scheduler", "--protocol", "tls", "--host", "tls://127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
    with process_of([dask, *words, *tls, "--scheduler-file", str(place)], **quiet):
        wait(place.exists)
        address = json.loads(place.read_text())["address"]
        worker = ["worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path), *tls]
        with process_of([dask, *worker], **quiet):
            yield address, ["--tls-ca", files[0], "--tls-cert", files[1], "--tls-key", files[2]]


def test_a_cluster_of_others_in_tls(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))
    with tls_cluster(tmp_path) as (address, words):
        assert address.startswith("tls://")
        grid = ["sweep", "4", "-g", "seed=1,2", "--out", "out", "--scheduler", address]
        ended = course(folder, *grid, *words)
        assert ended.returncode == 0, ended.stderr
        assert [row["status"] for row in table(folder.parent / "out")] == ["done", "done"]
        keys = cluster._own_key()  # somebody else's, which fit together
        for name, text in (("ca", keys.tls_ca_file), ("cert", keys.tls_client_cert), ("key", keys.tls_client_key)):
            (tmp_path / f"other-{name}.pem").write_text(text)
        others = [word.replace(f"{os.sep}c", f"{os.sep}other-c").replace(f"{os.sep}key", f"{os.sep}other-key") for word in words]
        ended = course(folder, "sweep", "4", "-g", "seed=3", "--out", "out2", "--scheduler", address, *others)
        assert ended.returncode == 2 and "No Dask scheduler answers" in ended.stderr and "Traceback" not in ended.stderr
        assert not (folder.parent / "out2").exists()


def test_what_the_help_says_of_an_open_scheduler(capsys):
    from lib.runner import cli

    assert cli.main(["sweep", "--help"]) == 0
    said = capsys.readouterr().out
    assert "can run any code" in said and "--tls-ca" in said and "tls://" in said
    assert "dask scheduler --host 10.0.0.1 --no-dashboard\n" in said


# --- what is true afterwards


def test_the_pages_are_true_after_a_kill_between_the_last_run_and_them(folder):
    out, grid = folder.parent / "out", ["sweep", "4", "-g", "seed=1,2", "--out", "out"]
    assert course(folder, *grid).returncode == 0
    for name in ("index.html", "parallel.html"):
        (out / name).write_text((out / name).read_text().replace("2 runs: 2 done", "2 runs: 1 done"))
    (out / "runs.csv").unlink()
    ended = course(folder, *grid)
    assert "2 done before, 0 to run" in ended.stderr and ended.returncode == 0
    assert all("2 runs: 2 done, 0 failed" in (out / name).read_text() for name in ("index.html", "parallel.html"))
    assert len(table(out)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("way", [signal.SIGHUP, signal.SIGTERM])
def test_a_closed_terminal_and_a_polite_kill_keep_what_is_done(folder, way):
    with running(folder, "4", "-g", "seconds=0,60", "--workers", "1", "--out", "out") as process:
        wait(lambda: len(started(folder)) == 2)
        children = family(process.pid)
        os.killpg(process.pid, way)
        _, said = process.communicate(timeout=40)
        assert process.returncode == 130 and "stopped; what is done is kept" in said and "Traceback" not in said
        wait_gone(children, 60)
    out = folder.parent / "out"
    assert [row["status"] for row in table(out)] == ["done", "planned"]
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "parallel.html", "runs", "runs.csv"]


@pytest.mark.long("deaths in a sweep")
def test_a_folder_that_vanishes_is_told(folder):
    out = folder.parent / "out"
    with running(folder, "4", "-g", "seconds=0,4,60", "--workers", "1", "--out", "out") as process:
        wait(lambda: len(started(folder)) == 2)
        shutil.rmtree(out)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1 and "cannot be written any more" in said and "Traceback" not in said


def test_a_table_that_is_no_file_and_a_grid_without_an_end(folder, monkeypatch, capsys):
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder.parent / "fifo")
    (folder.parent / "twice.csv").write_text("seed,seed\n1,2\n")
    for words, message in [
        (["--params", "fifo"], "is no file"),
        (["--params", "notebooks"], "is no file"),
        (["--params", "twice.csv"], "two columns are called 'seed'"),
        (["-g", "seed=1..99999999999"], "100,000 are the most"),
        (["-g", "seed=1..900", "-g", "seconds=" + ",".join(map(str, range(101))), "-g", "layers=[1],[2]"], "181,800 points"),
    ]:
        assert message in refused(folder, ["sweep", "4", *words], monkeypatch, capsys)


@pytest.mark.parametrize("asked, points, gib, workers", [(12, 2, 24, 2), (12, 99, 24, 8), (12, 99, 5, 2), (3, 99, 24, 3)])
def test_workers_are_bounded_by_points_cores_and_memory(monkeypatch, asked, points, gib, workers):
    monkeypatch.setattr(cluster, "memory", lambda: (64 * 2**30, gib * 2**30))
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert cluster.fitting(points, asked) == workers


def test_what_a_run_does_not_need_is_not_sent(folder):
    path = folder / "04_work.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 1_000_000}]
    sent = json.loads(without_outputs(json.dumps(notebook)))
    assert len(json.dumps(sent)) < 10_000
    assert [cell["source"] for cell in sent["cells"]] == [cell["source"] for cell in notebook["cells"]]


def test_a_clock_that_is_set_back_does_not_lie(monkeypatch, folder):
    from lib.runner.sweep import Progress

    class Two:
        swept, results = (), {}
        count = staticmethod(lambda status: 1)

    progress = Progress(None, Two, 3)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    progress.finished = 1
    assert progress._left() in ("about 0 s left", "about 1 s left")
