"""A plugin of pytest: the metrics that a cell records under nbval are held against tests/metrics.yaml in that same run.

nbval would compare their last digit, which is the processor's, or, where a cell is ignored, nothing at all.
"""

from functools import cache

import pytest
import yaml

from kit.notebooks import ROOT
from lib.metric import MIME


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
        records = [output.data[MIME] for output in item.test_outputs or () if MIME in output.get("data", {})]
        found = {record["name"]: record["value"] for record in records}
        if wrong := faults(found, bounds()[item.path.stem]["lesson"], "this run"):
            item.raise_cell_error("; ".join(wrong))
    return result


def without_metrics(outputs):
    """Return the outputs that nbval compares."""
    return [output for output in outputs if MIME not in output.get("data", {})]
