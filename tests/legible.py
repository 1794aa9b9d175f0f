"""Print what cannot be read of the stored figures, figure by figure: python tests/legible.py [--write] [03 06 …].

About a minute a lesson on a quiet machine. With --write, what is found is written into tests/legible.yaml.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import yaml
from kit.legible import KINDS, KNOWN, kinds, lessons, measure

HEAD = "".join(KNOWN.read_text(encoding="utf-8").splitlines(keepends=True)[:2])


def main(words):
    """Measure the lessons that are named, or all, and print a table of each and the counts."""
    known = yaml.safe_load(KNOWN.read_text(encoding="utf-8")) or {}
    counts = Counter()
    for path in lessons([word for word in words if word != "--write"]):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(path, Path(folder) / "site")
        known[path.name[:2]] = {name: kinds(faults) for name, faults in found.items() if faults}
        if not known[path.name[:2]]:
            del known[path.name[:2]]
        for name, faults in found.items():
            counts.update(["figures", *kinds(faults)])
            print(name, "" if faults else "legible")
            for (kind, width, theme), (worst, many) in faults.items():
                print(f"    {kind:8} {width:5} {theme:6} {many:4} × {worst}")
    print(", ".join(f"{name}: {counts[name]}" for name in ("figures", *KINDS)))
    if "--write" in words:
        KNOWN.write_text(HEAD + yaml.safe_dump(dict(sorted(known.items())), default_flow_style=None, width=120), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
