"""Runs a list of notebooks one after the other; after each, its page, the metrics and the index stand on disk."""

import sys

from lib.errors import first_line
from lib.runner.execute import execute
from lib.runner.page import write_page
from lib.runner.report import earlier, write_report


def run_all(plans, out, profile="lesson", timeout=None):
    """Run notebooks; one that fails does not stop the others, nor does a full disk; Ctrl-C does.

    Args:
        plans: list of pairs (`NotebookInfo`, dict of values).
        out: Path of the run's folder, which is held.
        profile: name of the profile, for the index.
        timeout: seconds that a cell may take, or None.

    Returns:
        A list of `Outcome` of the notebooks that ended, and whether the run was stopped by Ctrl-C.
    """
    outcomes = []
    names = {outcome.info.name for outcome in earlier(out)} | {info.name for info, _ in plans}
    for number, (info, values) in enumerate(plans, 1):
        try:
            outcome = execute(info, values, out, f"[{number}/{len(plans)}] {info.name}", timeout=timeout)
            _write_page(outcome, out, names, values)
            outcomes.append(outcome)
            _write_report(out, outcomes, len(plans), profile)
        except KeyboardInterrupt:
            _tell_stopped(info, outcomes, len(plans), out)
            return outcomes, True
        if outcome.error:
            _tell_failed(outcome, out)
    return outcomes, False


def _write_page(outcome, out, names, values):
    info = outcome.info
    note = f"This run failed{_at(outcome)}: {outcome.error}" if outcome.error else ""
    try:
        write_page(out / info.path.name, out / f"{info.name}.html", info.path.parent, info.title, note, names, values)
    except Exception as error:  # an output that nbconvert cannot show must not cost the other notebooks
        outcome.error = outcome.error or first_line(f"no page: {type(error).__name__}: {error}")


def _write_report(out, outcomes, planned, profile):
    try:
        write_report(out, outcomes, planned, profile)
    except OSError as error:
        outcome = outcomes[-1]
        outcome.error = outcome.error or f"no index.html: {error.strerror}"


def _tell_failed(outcome, out):
    print(f"course: {outcome.info.name} failed{_at(outcome)}: {outcome.error}", file=sys.stderr)
    path = out / outcome.info.path.name
    if path.exists():
        print(f"        executed notebook: {path}", file=sys.stderr)


def _tell_stopped(info, outcomes, planned, out):
    print(f"\ncourse: stopped in {info.name}; {len(outcomes)} of {planned} notebooks finished", file=sys.stderr)
    if outcomes:
        print(f"        they are in {out}", file=sys.stderr)


def _at(outcome):
    return f' at "{outcome.heading}"' if outcome.heading else ""
