"""The benchmark of memory: it counts what a command and its children hold, and ends them where there is no more to have."""

import importlib.util
import sys

import pytest
from kit.notebooks import ROOT

spec = importlib.util.spec_from_file_location("memory", ROOT / "tests" / "benchmarks" / "memory.py")
memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(memory)

MIB = 2**20
HOLD = "import time; held = bytearray(b'x') * {}; time.sleep(1)"
CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}], check=True)"

pytestmark = pytest.mark.skipif(not memory.possible(), reason="it takes root and the memory controller of cgroup v1")


def test_what_a_child_holds_is_counted():
    ended, row = memory.measured([sys.executable, "-c", CHILD.format(HOLD.format(100 * MIB))], 400 * MIB)
    assert ended == 0 and row["killed"] == row["full"] == 0
    assert 100 * MIB < row["own"] < 200 * MIB and row["own"] < row["all in all"] < 250 * MIB
    assert row["seconds"] > 1


def test_what_takes_more_than_there_is_has_an_end():
    ended, row = memory.measured([sys.executable, "-c", HOLD.format(400 * MIB)], 100 * MIB)
    assert ended == -9 and row["killed"] == 1 and row["full"] > 0 and row["own"] <= 100 * MIB
