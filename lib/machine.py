"""What this process may use of the machine it runs on: cores, memory, what the processor can do, GPUs."""

import contextlib
import os
import platform
import re
import subprocess
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # a container's share of the machine, on Linux


def cores():
    """Cores this process may use: its affinity where the system has one, and a container's share."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        count = min(count, max(1, int(quota) // int(period)))
    return count


def memory():
    """Return the bytes of memory that this process may use, and how many of them are free: the machine's, or a container's."""
    import psutil

    found = psutil.virtual_memory()
    total = found.total
    free = found.available
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int((CGROUP / "memory.max").read_text()))
        used = int((CGROUP / "memory.current").read_text())
        cached = int(re.search(r"^inactive_file (\d+)", (CGROUP / "memory.stat").read_text(), re.M)[1])  # given back when needed
        free = max(0, min(free, total - used + cached))
    return total, free


def flags(cpuinfo="/proc/cpuinfo"):
    """Return what the processor says it can do.

    Args:
        cpuinfo: the file that lists it, on Linux; elsewhere nothing is found.

    Returns:
        A set of str, such as "avx512_bf16".
    """
    try:
        found = re.search(r"^(?:flags|Features)\s*:(.*)", Path(cpuinfo).read_text(encoding="utf-8", errors="replace"), re.M)
    except OSError:
        return set()
    return set(found[1].split()) if found else set()


def processor():
    """Return one text for all that a compiled program asks of the processor: another text, and it may not run there.

    Returns:
        str, the architecture, and the sorted flags, or the processor's name where the system lists no flags.
    """
    can = sorted(flags())
    if platform.system() == "Darwin":
        can = [_answer("sysctl", "-n", "machdep.cpu.brand_string")]
    return " ".join([platform.machine(), *(can or [platform.processor()])])


def gpus(query):
    """Ask for the NVIDIA GPUs of this machine.

    Args:
        query: what of them, as `nvidia-smi --query-gpu` takes it; "name,memory.total", for one.

    Returns:
        A list of str, one a GPU; empty where there is none.
    """
    return _answer("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader").splitlines()


def _answer(*words):
    """Return what a program writes; nothing where it is not there, or fails."""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
