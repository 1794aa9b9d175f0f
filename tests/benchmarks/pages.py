"""Weigh every page of the site, and time its first figure in Chromium: python tests/benchmarks/pages.py [--rounds 3] [03 16].

In a number's place may stand the file of a page, as `course run` and `course sweep` write it. A page's own bytes, and all
that a browser reads for it; the seconds are from asking for the page, which lies on the disk, to its first figure, the least
of the rounds. Other work on the machine makes them longer: the load stands at the end.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kit.browser import WEBGL, chromium
from kit.notebooks import ROOT

from lib.runner.folder import WORK
from lib.runner.notebooks import read_folder
from lib.runner.site import write_site

FIRST = """new MutationObserver(() => {
  if (!window.first && document.querySelector(".js-plotly-plot .main-svg")) window.first = performance.now();
}).observe(document, {childList: true, subtree: true});"""


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", nargs="*", help="numbers, or files of pages; all lessons without one")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as top, chromium(*WEBGL) as browser:
        site = Path(top)
        (site / WORK).mkdir()
        write_site(read_folder(ROOT / "notebooks"), site)
        print(f"{'page':36}{'MB':>7}{'MB with all':>13}{'first figure, s':>17}")
        pages = [path for path in sorted(site.glob("*.html")) if not args.lessons or path.name[:2] in args.lessons]
        for path in [*pages, *(Path(word).resolve() for word in args.lessons if word.endswith(".html"))]:
            times = [first_figure(browser, path) for _ in range(args.rounds if "Plotly.newPlot" in path.read_text() else 0)]
            least = f"{min(times):.2f}" if times else "no figure"
            print(f"{path.name:36}{path.stat().st_size / 1e6:7.2f}{weight(path) / 1e6:13.2f}{least:>17}", flush=True)
    print(f"load: {' '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores")


def weight(path):
    """Return the bytes of a page and of all that it loads from its folder."""
    names = set(re.findall(r'<(?:script|link)\b[^>]*(?:src|href)="([^":]+\.(?:js|css))"', path.read_text(encoding="utf-8")))
    return path.stat().st_size + sum((path.parent / name).stat().st_size for name in names)


def first_figure(browser, path):
    """Return the seconds from asking for a page until its first figure is drawn, in a browser that has seen nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(FIRST)
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_function("window.first", timeout=120_000)
    seconds = page.evaluate("window.first") / 1000
    context.close()
    return seconds


if __name__ == "__main__":
    main()
