"""What this machine has for the course, and the mend of what it lacks; TensorFlow is not imported."""

import contextlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lib import compiled, machine, places
from lib.runner.kit import installed, pins, pythons

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


def findings():
    """Look at this machine.

    Returns:
        A list of `Finding`; those with `ok` False keep lessons or tests from working.

    Raises:
        CourseError: the kit is not beside lib.
    """
    root = places.kit()
    return [
        python(),
        *packages(root / "requirements.txt"),
        *processor(),
        memory(),
        gpu(),
        data_files(),
        kernel(),
        *folders(),
        programs(),
        disk(root),
        chromium(),
    ]


def python():
    """Look at Python's version."""
    oldest, too_new = (tuple(map(int, pair)) for pair in re.findall(r"(\d+)\.(\d+)", pythons()))
    ok = oldest <= sys.version_info[:2] < too_new
    mend = "" if ok else f"Make the virtual environment with a Python {pythons()}."
    return Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", ok, mend)


def packages(requirements):
    """Compare what is installed with the pins of requirements.txt, one finding a package."""
    try:
        return [_package(name, pinned) for name, pinned in pins(requirements).items()]
    except OSError:
        return [Finding("requirements.txt", "not found", False, "Restore it: git checkout -- requirements.txt")]


def _package(name, pinned):
    version = installed(name)
    if version is None:
        return Finding(name, "not installed", False, f"Install it: {INSTALL}")
    if version.split("+")[0] != pinned:
        return Finding(name, f"{version}, the course is tested with {pinned}", False, f"Install the pins: {INSTALL}")
    return Finding(name, version)


def processor():
    """Look at cores and at what makes 16-bit floats fast."""
    flags = machine.flags()
    fast = [label for flag, label in (("avx512_bf16", "AVX512_BF16"), ("amx_bf16", "AMX")) if flag in flags]
    bfloat16 = ", ".join(fast) or "not in hardware: lessons run, bfloat16 is slower than float32"
    return [Finding("cores", str(machine.cores())), Finding("bfloat16", bfloat16 if flags else "unknown on this system")]


def memory():
    """Look at the memory that this process may use."""
    size, _ = machine.memory()
    ok = size > 3.5 * GIB
    return Finding("memory", f"{size / GIB:.1f} GiB", ok, "" if ok else "Lessons need 4 GiB: close other programs.")


def gpu():
    """Look for an NVIDIA GPU."""
    cards = "; ".join(machine.gpus("name,memory.total"))
    if not cards:
        return Finding("GPU", "none found; every lesson runs without one")
    if not any((each.metadata["Name"] or "").lower().startswith("nvidia-cudnn") for each in metadata.distributions()):
        pip, version = f'"{sys.executable}" -m pip', installed("tensorflow")
        first = f"{pip} uninstall -y tensorflow-cpu && " if installed("tensorflow-cpu") else ""
        mend = f'To use it: {first}{pip} install "tensorflow[and-cuda]=={version}"'
        return Finding("GPU", f"{cards}; TensorFlow has no CUDA libraries here", True, mend)
    return Finding("GPU", cards)


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


def folders():
    """Look whether run products and progress can be kept."""
    return [
        _writable("folder of runs", places.runs(), "or give course run --out DIR"),
        _writable("folder of progress", places.progress(), "or progress ends with the kernel"),
    ]


def _writable(name, folder, otherwise):
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError:
        return Finding(name, "cannot be written", False, f"Make {existing} writable, {otherwise}.")
    return Finding(name, "can be written")


def programs():
    """Look at what is kept of compiled programs, which may be deleted at any time."""
    folder, count, size = compiled.described()
    with contextlib.suppress(ValueError):
        folder = Path("~", folder.relative_to(Path.home()))
    return Finding("compiled programs", f"{count} in {folder}, {size / 2**20:.0f} of at most {compiled.LIMIT / 2**20:.0f} MiB")


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
