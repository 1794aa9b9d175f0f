"""What an installation costs with TensorFlow as it is pinned, and with tensorflow-cpu as README says how to choose it.

    python tests/benchmarks/install.py FOLDER [--dev]

FOLDER must not be there yet; it gets a copy of the kit for each of the two, with an environment by README's first line. Both are
installed twice, first all and then from what pip has kept, in a cache of this call. Printed are seconds, how many packages there
are, the size of site-packages, and what `pip check` says. --dev installs what the tests need too, after that; then
`cd FOLDER/tensorflow-cpu && .venv/bin/pytest` is the whole suite without the parts for a GPU.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    """Print a row for each installation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dev", action="store_true", help="install what the tests need too, at the end")
    args = parser.parse_args()
    args.folder.mkdir(parents=True)
    top = args.folder.resolve()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    line = re.search(r"^(python3 -m venv .*) && \.venv/bin/course run 03$", readme, re.M)[1].replace("python3", sys.executable, 1)
    smaller = re.search(r"^sed -i .*$", readme, re.M)[0]
    print(f"{'':16}{'pip':>8}{'seconds':>9}{'packages':>10}{'site-packages':>15}  pip check", flush=True)
    for kept in ("empty", "full"):
        for name, before in (("tensorflow", "true"), ("tensorflow-cpu", smaller)):
            kit = top / name
            shutil.rmtree(kit, ignore_errors=True)
            copy(kit)
            seconds = shell(f"{before} && {line}", kit, top)
            packages, size, said = looked_at(kit)
            print(f"{name:16}{kept:>8}{seconds:>9.0f}{packages:>10}{size / 1e9:>12.2f} GB  {said}", flush=True)
    if args.dev:
        for name in ("tensorflow", "tensorflow-cpu"):
            shell(".venv/bin/pip install -e '.[dev]'", top / name, top)


def copy(kit):
    """Copy the files of the kit that git knows of."""
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in known.stdout.split("\0")[:-1]:
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, kit / name)


def shell(line, kit, top):
    """Return the seconds that a line of the shell takes in a kit."""
    environment = os.environ | {"PIP_CACHE_DIR": str(top / "cache")}
    start = time.perf_counter()
    subprocess.run(line, shell=True, cwd=kit, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def looked_at(kit):
    """Return how many packages an environment has, the bytes of its site-packages, and what pip says of it."""
    (site,) = kit.glob(".venv/lib/python3*/site-packages")
    said = subprocess.run([kit / ".venv/bin/pip", "check"], capture_output=True, text=True).stdout.strip()
    size = sum(path.lstat().st_blocks * 512 for path in site.rglob("*"))
    return len(list(site.glob("*.dist-info"))), size, said


if __name__ == "__main__":
    main()
