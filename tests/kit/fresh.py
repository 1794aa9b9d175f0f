"""A plugin of pytest: what a cell records and draws under nbval is looked at in that same run, also where nbval ignores it.

Metrics are held against tests/metrics.yaml: nbval would compare their last digit, which is the processor's. Figures, and the
heads of tables, are compared with the stored ones by what they show.
"""

from functools import cache

import pytest
import yaml

from kit.figures import differences
from kit.notebooks import ROOT
from lib import places
from lib.metric import MIME
from lib.postgres import find_programs

TOLD = 4  # differences of one cell; who mends them sees the others then
NEEDS = {"postgres-record": lambda: places.postgres() or find_programs()}  # cells that draw nothing without a program


@cache
def bounds():
    """Return the bounds of every notebook's metrics: {notebook: {profile: {metric: [low, high]}}}."""
    return yaml.safe_load((ROOT / "tests" / "metrics.yaml").read_text(encoding="utf-8"))


def faults(found, within, where):
    """List what is wrong with metrics, one line each.

    Args:
        found: dict from metric to value.
        within: dict from metric to its lowest and highest value.
        where: str, whose metrics they are.
    """
    unknown = [f"{where}: tests/metrics.yaml has no bounds for {name}" for name in found if name not in within]
    outside = [f"{where}: {name} is {found[name]}, not in {low} to {high}"
               for name, (low, high) in within.items() if name in found and not low <= found[name] <= high]
    return unknown + outside


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if item.path.suffix == ".ipynb":
        original = item.compare_outputs
        item.compare_outputs = lambda fresh, stored, *more: original(without_metrics(fresh), without_metrics(stored), *more)
    result = yield
    if item.path.suffix == ".ipynb":
        outputs = item.test_outputs or ()
        records = [output.data[MIME] for output in outputs if MIME in output.get("data", {})]
        found = {record["name"]: record["value"] for record in records}
        wrong = faults(found, bounds()[item.path.stem]["lesson"], "this run")
        if item.cell.get("id") not in NEEDS or NEEDS[item.cell.id]():
            wrong += differences(item.cell.outputs, outputs)
        if wrong:
            item.raise_cell_error("; ".join(wrong[:TOLD]) + (f"; and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""))
    return result


def without_metrics(outputs):
    """Return the outputs that nbval compares."""
    return [output for output in outputs if MIME not in output.get("data", {})]
