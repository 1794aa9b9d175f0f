"""The peak of the memory that a piece of Python takes, in a process of its own; run as a script it is that process."""

import os
import re
import subprocess
import sys

MARK = "peak bytes: "  # before the figure: the code may write as well


def peak_bytes(code, *arguments):
    """Run Python code in a fresh process and return the most memory that it held at a time.

    A notebook's own process has held whatever came before, so it cannot say what one piece takes.

    Args:
        code: str, Python statements; `sys.argv[1:]` are the arguments.
        arguments: of the code, as str.

    Returns:
        int, bytes of physical memory.

    Raises:
        CourseError: the code failed, and the line says with which error; or it ended its process by itself.
    """
    from lib.errors import CourseError, last_line  # inside: the process that is measured imports nothing of lib

    call = [sys.executable, os.path.abspath(__file__), code, *map(str, arguments)]
    done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        raise CourseError(f"the code stopped with {last_line(done.stderr, f'status {done.returncode}')}")
    found = re.findall(rf"^{MARK}(\d+)$", done.stdout, re.MULTILINE)
    if not found:
        raise CourseError("the code ended its process before its memory could be read: leave out os._exit")
    return int(found[-1])


def _peak_of_this_process():
    if sys.platform.startswith("linux"):
        # getrusage would do, but a child's figure there begins with that of the parent it was forked from.
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


if __name__ == "__main__":
    del sys.path[0]  # this folder: its modules are no top-level ones
    code = sys.argv.pop(1)
    try:
        exec(compile(code, "<code>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if end.code:
            raise
    print(f"\n{MARK}{_peak_of_this_process()}")
