"""Run the steps of .devcontainer/Dockerfile in a fresh root file system, on a machine that has no Docker: root, and debootstrap.

    python tests/container.py FOLDER [--lend FILE]... [-- COMMAND...]

FOLDER becomes the container's root; what an earlier call has finished there is not done again. --lend: a file of this machine
that the container gets too, such as its certificates. COMMAND: what its entry point starts at the end; without one, what the
Dockerfile says. It has no layers, and the network and memory of this machine.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / ".devcontainer" / "Dockerfile"
DONE = "course-steps"  # in the folder of a container: the steps that are done there
INSIDE = """mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$@" """


def instructions(text):
    """Return the instructions of a Dockerfile, a list of pairs of str: the word in capitals, and what follows it."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = [line.split(None, 1) for line in re.sub(r"\\\n\s*", "", lines).splitlines() if line.strip()]
    return [(word, rest) for word, rest in found]


class Container:
    """A root file system, and what the instructions so far have set for those that come after them."""

    def __init__(self, folder, lent):
        self.folder, self.lent = folder, lent
        self.user, self.place = "root", "/"
        self.values = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.entry, self.command = [], []

    def step(self, word, rest, done):
        """Follow an instruction; one that changes the file system is followed only if it is not done yet."""
        if word == "USER":
            self.user = rest
        elif word == "WORKDIR":
            self.place = rest
        elif word in ("ENV", "ARG"):
            name, value = rest.split("=", 1)
            self.values[name] = re.sub(r"\$(\w+)", lambda named: self.values[named[1]], value)
        elif word == "ENTRYPOINT":
            self.entry = json.loads(rest)
        elif word == "CMD":
            self.command = json.loads(rest)
        elif word in ("FROM", "RUN", "COPY") and not done:
            {"FROM": self.begin, "RUN": lambda words: self.run("sh", "-c", words), "COPY": self.copy}[word](rest)

    def begin(self, image):
        """Make Debian's smallest system, in which no service starts, as in its image."""
        release = re.fullmatch(r"debian:(\w+)-slim", image)[1]
        subprocess.run(["debootstrap", "--variant=minbase", release, self.folder], check=True, stdout=subprocess.DEVNULL)
        policy = self.folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def copy(self, rest):
        """Copy files of the kit that git knows of."""
        owner = re.match(r"--chown=(\w+) ", rest)
        *names, target = rest.removeprefix(owner[0] if owner else "").split()
        known = subprocess.run(["git", "ls-files", "--", *names], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in known.stdout.splitlines():
            inside = Path(name).relative_to(names[0]) if (ROOT / names[0]).is_dir() else Path(name).name
            place = Path(target) if target.startswith("/") and not target.endswith("/") else Path(self.place, target, inside)
            path = self.folder / place.relative_to("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, path)
        if owner:
            self.run("chown", "-R", owner[1], target, user="root")

    def run(self, *words, user=None):
        """Run words in the container, with no environment but its own; its status must be 0."""
        user = user or self.user
        home = "/root" if user == "root" else f"/home/{user}"
        values = [f"{name}={value}" for name, value in {"HOME": home, **self.values}.items()]
        inside = ["env", "-i", *values, "sh", "-c", 'cd "$0" && exec "$@"', self.place, *words]
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE]
        for path in self.lent:
            (self.folder / path.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self.folder / path.relative_to("/"))
        subprocess.run([*apart, self.folder, f"--userspec={user}:{user}", self.folder, *inside], check=True)


def main():
    """Follow all instructions, then run the command."""
    before, _, command = " ".join(map(shlex.quote, sys.argv[1:])).partition(" -- ")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lend", type=Path, action="append", default=[])
    args = parser.parse_args(shlex.split(before))
    if os.geteuid() or not shutil.which("debootstrap"):
        parser.error("it takes root, and debootstrap: apt-get install debootstrap")
    folder = args.folder.resolve()
    container = Container(folder, [Path("/etc/resolv.conf"), *args.lend])
    book = folder / DONE
    steps = instructions(FILE.read_text(encoding="utf-8"))
    for number, (word, rest) in enumerate(steps):
        done = book.read_text().splitlines() if book.exists() else []
        known = done[number:number + 1] == [f"{word} {rest}"]
        print(f"+ {word} {rest}" + " (done)" * known, flush=True)
        start = time.perf_counter()
        container.step(word, rest, known)
        if not known:
            print(f"  {time.perf_counter() - start:.1f} s", flush=True)
            book.write_text("\n".join([*done[:number], f"{word} {rest}"]) + "\n")
    container.run(*container.entry, *(shlex.split(command) or container.command))


if __name__ == "__main__":
    main()
