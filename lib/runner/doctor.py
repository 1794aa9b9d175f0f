"""What this machine has for the course, and the mend of what it lacks; TensorFlow is not imported."""

import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lib.machine import cores

ROOT = Path(__file__).resolve().parents[2]
INSTALL = f'"{sys.executable}" -m pip install -r requirements.txt'
GIB = 2**30
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is what to do about it and empty where there is nothing to do."""

    name: str
    value: str
    ok: bool = True
    mend: str = ""


def findings(root=ROOT):
    """Look at this machine.

    Args:
        root: Path of the kit's top folder.

    Returns:
        A list of `Finding`; those with `ok` False keep lessons or tests from working.
    """
    return [
        python(),
        *packages(root / "requirements.txt"),
        *processor(),
        memory(),
        gpu(),
        data_files(),
        kernel(),
        *folders(root),
        disk(root),
        chromium(),
    ]


def python():
    """Look at Python's version."""
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    mend = "" if ok else "Make the virtual environment with Python 3.11, 3.12 or 3.13."
    return Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", ok, mend)


def packages(requirements):
    """Compare what is installed with the pins of requirements.txt, one finding a package."""
    try:
        return [_package(name, pinned) for name, pinned in pins(requirements).items()]
    except OSError:
        return [Finding("requirements.txt", "not found", False, "Restore it: git checkout -- requirements.txt")]


def pins(requirements):
    """Return the packages that a requirements.txt pins, with their versions, a dict of str."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([\w.-]+)(?:\[.*?\])?==([\w.+!-]+)", line) for line in lines]  # psycopg[binary] is psycopg
    return dict(pin.groups() for pin in found if pin)


def _package(name, pinned):
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", False, f"Install it: {INSTALL}")
    if version.split("+")[0] != pinned:
        return Finding(name, f"{version}, the course is tested with {pinned}", False, f"Install the pins: {INSTALL}")
    return Finding(name, version)


def processor():
    """Look at cores and at what makes 16-bit floats fast."""
    try:
        flags = set(re.findall(r"\S+", Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")))
        fast = [label for flag, label in (("avx512_bf16", "AVX512_BF16"), ("amx_bf16", "AMX")) if flag in flags]
        bfloat16 = ", ".join(fast) or "not in hardware: lessons run, bfloat16 is slower than float32"
    except OSError:
        bfloat16 = "unknown on this system"
    return [Finding("cores", str(cores())), Finding("bfloat16", bfloat16)]


def memory():
    """Look at the memory that this process may use."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return Finding("memory", "unknown on this system")
    with contextlib.suppress(OSError, ValueError):  # a container may have a limit of its own
        size = min(size, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    ok = size > 3.5 * GIB
    return Finding("memory", f"{size / GIB:.1f} GiB", ok, "" if ok else "Lessons need 4 GiB: close other programs.")


def gpu():
    """Look for an NVIDIA GPU."""
    words = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return Finding("GPU", "none found; every lesson runs without one")
    cards = "; ".join(line.strip() for line in answer.splitlines() if line.strip())
    if not any(name.startswith("nvidia-cudnn") for name in _installed()):
        mend = f'To use it: "{sys.executable}" -m pip install "tensorflow[and-cuda]=={metadata.version("tensorflow")}"'
        return Finding("GPU", f"{cards}; TensorFlow has no CUDA libraries here", True, mend)
    return Finding("GPU", cards)


def _installed():
    return [(each.metadata["Name"] or "").lower() for each in metadata.distributions()]


def data_files():
    """Compare the shipped data with their checksums."""
    from lib import data

    found = data.problems()
    if found:
        return Finding("data", f"{len(found)} of {len(data.SHA256)} files are wrong", False, " ".join(found))
    return Finding("data", f"{len(data.SHA256)} files, SHA-256 right")


def kernel():
    """Look whether JupyterLab's `python3` is this interpreter."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    mend = f'"{sys.executable}" -m ipykernel install --sys-prefix'
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except (NoSuchKernel, OSError, json.JSONDecodeError):
        return Finding("kernel python3", "not found", False, f"Register it: {mend}")
    command = spec.argv[0]
    # jupyter_client replaces a bare name by the interpreter it runs in.
    ours = not os.path.isabs(command) or Path(command).parent == Path(sys.executable).parent
    if not ours:
        value = f"{command}, another Python (course lab and course run use this one all the same)"
        return Finding("kernel python3", value, True, f"Register this one: {mend}")
    return Finding("kernel python3", "this Python")


def folders(root):
    """Look whether run products and progress can be kept."""
    from platformdirs import user_data_dir

    # The same place as lib.exercises takes.
    progress = os.environ.get("COURSE_PROGRESS") or user_data_dir("keras-course-kit", appauthor=False)
    return [
        _writable("folder of runs", root / "runs", "or give course run --out DIR"),
        _writable("folder of progress", Path(progress), "or progress ends with the kernel"),
    ]


def _writable(name, folder, otherwise):
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError:
        return Finding(name, "cannot be written", False, f"Make {existing} writable, {otherwise}.")
    return Finding(name, "can be written")


def disk(root):
    """Look at the free space on the kit's disk."""
    free = shutil.disk_usage(root).free
    ok = free > 2 * GIB
    return Finding("free disk", f"{free / GIB:.0f} GiB", ok, "" if ok else "Free 2 GiB; old runs are in runs/.")


def chromium():
    """Look for the browser that the tests of pages drive; no lesson needs it."""
    found = next(filter(shutil.which, CHROMIUM), None)
    if found is None:
        return Finding("Chromium", "not found; only tests of pages use it", True, "apt-get install chromium")
    return Finding("Chromium", found)
