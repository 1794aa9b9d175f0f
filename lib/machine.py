"""What this process may use of the machine it runs on."""

import contextlib
import os


def cores():
    """Cores this process may use: its affinity where the system has one, and a container's share."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/cpu.max") as file:
        quota, period = file.read().split()
        count = min(count, max(1, int(quota) // int(period)))
    return count
