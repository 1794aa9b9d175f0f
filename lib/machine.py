"""What this process may use of the machine it runs on: cores, memory, what the processor can do, GPUs.

Linux on x86 is what all this runs on daily. Linux on Arm, macOS and Windows were never seen for real: they are asked as
their makers document it, and tested on recorded answers.
"""

import contextlib
import ctypes
import os
import platform
import re
import subprocess
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # a container's share of the machine, on Linux

# What Linux calls a feature, by what macOS calls it ("Determining instruction set characteristics", Apple) ...
MACOS = {
    "hw.optional.AdvSIMD": "asimd",
    "hw.optional.arm.AdvSIMD": "asimd",
    "hw.optional.neon": "asimd",
    "hw.optional.arm.FEAT_FP16": "asimdhp",
    "hw.optional.neon_fp16": "asimdhp",
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_SME": "sme",
}
# ... and by the number under which Windows knows it (IsProcessorFeaturePresent, winnt.h). It does not say more of x86.
WINDOWS = {
    19: "asimd", 67: "asimdhp", 68: "bf16", 66: "i8mm", 70: "sme", 39: "avx", 40: "avx2", 41: "avx512f",
}
UNTOLD = ("avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16")  # on Windows


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
    """Return what the processor says it can do, asked as the system has it.

    Args:
        cpuinfo: the file that lists it, on Linux.

    Returns:
        A set of str, such as "avx512_bf16", in Linux' words; empty where the system does not say.
    """
    system = platform.system()
    if system == "Darwin":
        return _macos(_answer("sysctl", "hw.optional", "machdep.cpu"))
    if system == "Windows":
        return _windows()
    with contextlib.suppress(OSError):
        found = re.search(r"^(?:flags|Features)\s*:(.*)", Path(cpuinfo).read_text(encoding="utf-8", errors="replace"), re.M)
        return set(found[1].split()) if found else set()
    return set()


def _macos(answer):
    """Read the answer of `sysctl`: lines of a name and a value, on Intel with lists of flags among them."""
    told = dict(re.findall(r"^([\w.]+): (.*)$", answer, re.M))
    here = {flag for name, flag in MACOS.items() if told.get(name) == "1"}
    lists = [told.get(f"machdep.cpu.{name}", "") for name in ("features", "leaf7_features")]
    return here | set(" ".join(lists).lower().split())


def _windows():
    """Ask for each feature; every processor with AVX2 has F16C, for which there is no number."""
    here = {flag for number, flag in WINDOWS.items() if _is_present(number)}
    return here | {"f16c"} if "avx2" in here else here


def _is_present(number):
    return bool(ctypes.windll.kernel32.IsProcessorFeaturePresent(number))


def can(flag, found):
    """Say of what `flags` has found whether a feature is there: True, False, or None where the system does not tell."""
    untold = not found or (platform.system() == "Windows" and flag in UNTOLD)
    return True if flag in found else None if untold else False


def is_arm(found):
    """Say of what `flags` has found whether it is an Arm processor's."""
    return "asimd" in found if found else platform.machine().lower() in ("arm64", "aarch64")


def processor():
    """Return one text for all that a compiled program asks of the processor: another text, and it may not run there.

    Returns:
        str, the architecture, and the sorted flags, or the processor's name where the system does not list them all.
    """
    names = {"Darwin": lambda: _answer("sysctl", "-n", "machdep.cpu.brand_string"), "Windows": platform.processor}
    name = names.get(platform.system())
    return " ".join([platform.machine(), *([name()] if name else sorted(flags()) or [platform.processor()])])


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
