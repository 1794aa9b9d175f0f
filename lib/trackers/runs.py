"""Runs of Weights & Biases: offline without a key, everything in one folder, closed in any case, read back as tables."""

import contextlib
import http.client
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.columns import MEASURED, check_trials, is_gap, texts
from lib.errors import CourseError, last_line

# What a run would note beside its metrics, and the kit leaves out: whose machine, which paths, what was printed.
UNSAID = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "email": "",
    "host": "",
    "save_code": False,
    "username": "",
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
# Seconds. W&B writes to the disk every 15, and without end waits for a service that has gone.
PATIENCE = {"x_transaction_log_flush_interval": 1, "init_timeout": 30, "finish_timeout": 60}
OWN_FOLDERS = {"WANDB_CACHE_DIR": "cache", "WANDB_DATA_DIR": "data", "WANDB_CONFIG_DIR": "config"}
NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}  # as JSON has to spell them
OWN_COLUMNS = ["run", "group", "tags", "state", "folder"]  # of `runs_frame`
OWN_VALUES = ("_runtime", "_timestamp", "_wandb")  # what W&B adds to the learner's values

_ready = None  # (mode, folder) that `prepare` decided on for this process


def prepare(folder):
    """Make this process ready for `wandb.init`: quiet, all files below one folder, online only with a key that works.

    The key is the variable WANDB_API_KEY; a key that `wandb login` has kept in a file does not count. One line is
    printed where there is a key and no service that takes it. Runs that are still open are finished.

    Args:
        folder: path of an existing folder, as `lib.session.start` returns it; runs go to `wandb` in it.

    Returns:
        str, "online" or "offline".
    """
    global _ready
    folder = Path(folder).resolve()
    # W&B keeps logs, and copies of artifacts, in the home folder unless it is told where.
    os.environ.update({name: str(folder / "wandb-own" / part) for name, part in OWN_FOLDERS.items()})
    os.environ["WANDB_ERROR_REPORTING"] = "false"
    mode = "offline"
    if os.environ.get("WANDB_API_KEY") and os.environ.get("WANDB_MODE", "online") in ("online", "run"):
        mode = _ask_the_service(_settings("online", folder))
    _set_up(_settings(mode, folder))
    _ready = mode, folder
    return mode


def _settings(mode, folder):
    import wandb

    return wandb.Settings(mode=mode, root_dir=str(folder), silent=True, **PATIENCE, **UNSAID)


def _set_up(settings):
    import wandb

    wandb.teardown()  # what was set up before would win
    return wandb.setup(settings=settings)


def _ask_the_service(settings):
    """Return "online" if the service answers and takes the key; otherwise say so in one line and return "offline"."""
    import wandb

    base_url = _set_up(settings).settings.base_url
    if not _answers(base_url):
        print("W&B: the service does not answer, so these runs stay offline, on this machine.")
        return "offline"
    try:
        taken = wandb.login(prompt=False, verify=True)
    except (wandb.Error, ValueError):  # its message may quote the key
        taken = False
    if not taken:
        print("W&B: the service does not take the key, so these runs stay offline, on this machine.")
    return "online" if taken else "offline"


def _answers(url, patience=3):
    """Say within some seconds whether anything answers there: W&B itself waits for minutes."""
    try:
        urllib.request.urlopen(url, timeout=patience).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return True


@contextlib.contextmanager
def tracked_run(project, config=None, group=None, folder=None, **more):
    """Open a run for the length of a block, and close it also after an error, which it then records.

    Args:
        project: str, what the runs that you want to compare have in common.
        config: dict of plain values, the hyperparameters of this run.
        group: str, the search this run belongs to.
        folder: path of an existing folder, the run goes to `wandb` in it; None for the one that `prepare` got.
        **more: further arguments of `wandb.init`, such as name or tags.

    Yields:
        The `wandb.Run`; it is `wandb.run` as well, which `WandbMetricsLogger` writes to.

    Raises:
        CourseError: no folder was given, here or to `prepare`.
    """
    import wandb

    if _ready is None and folder is None:
        raise CourseError("Where shall the run be kept? Give tracked_run a folder, or call prepare(folder) first.")
    mode, usual = _ready or (prepare(folder), folder)
    more.setdefault("reinit", "finish_previous")
    settings = _settings(mode, Path(folder or usual).resolve())
    run = wandb.init(project=project, config=config, group=group, mode=mode, settings=settings, **more)
    try:
        yield run
    except BaseException:  # also when a learner interrupts the kernel
        run.finish(exit_code=1)
        raise
    run.finish()


def log_trials(frame, project, group, folder):
    """Make each trial of a finished search a run, all in one group.

    A run has the hyperparameters as its config, score, seconds and epochs as its summary, the trial's number as its
    name, and its status as a tag, in small letters; one that failed ends with an exit code of 1. An open run stays open.
    A hyperparameter that JSON cannot hold, as an estimator, is told in words.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        project, group, folder: see `tracked_run`.

    Returns:
        A list of Path, the folder of each run.

    Raises:
        CourseError: the frame is no trials frame, or has no trials.
    """
    check_trials(frame)
    folders = []
    for row in frame.astype(object).to_dict("records"):
        known = {name: _plain(value) for name, value in row.items() if not is_gap(value)}
        config = {str(name): value for name, value in known.items() if name not in (*MEASURED, "status")}
        about = {"name": f"trial {known['trial']}", "tags": [known["status"].lower()], "reinit": "create_new"}
        with tracked_run(project, config, group, folder, **about) as run:
            run.log({name: known[name] for name in MEASURED if name in known})
            folders.append(Path(run.settings.sync_dir))
            if known["status"] == "FAILED":
                run.finish(exit_code=1)
    return folders


def _plain(value):
    """Return a value that comes back as it is, or its words; W&B's service reads whole numbers as floats."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, str) and value in NUMBERS:
        return repr(value)
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return texts([value])[0]
    return value


# --- reading runs back


class RunRecord(NamedTuple):
    """What a run has stored: config and summary (dict), history (DataFrame, a row for each `log`)."""

    config: dict
    history: pd.DataFrame
    summary: dict


def read_run(folder):
    """Read a run back from its file, as far as it has been written.

    Args:
        folder: path of the run's folder, `wandb/offline-run-…`, or of the .wandb file in it.

    Returns:
        A `RunRecord`. The history has `_step` and `_runtime` (seconds since the start) beside what was logged, NaN
        where a step did not log a column. Names of nested values are joined by dots, such as `accuracy.max` for what
        `define_metric("accuracy", summary="max")` keeps.

    Raises:
        CourseError: there is no run, or W&B cannot read it.
    """
    return _parse(_records(_file_of(Path(folder))))[0]


def runs_frame(folder):
    """Put all runs below a folder into a table, one row a run, in the order in which they started.

    Args:
        folder: path of a folder that holds runs at any depth, as the one that `tracked_run` got.

    Returns:
        A DataFrame with the columns run (its name, or else its id), group, tags (str, joined by commas), state
        ("finished", "failed", "open", also where its process was killed, or "unreadable", where W&B cannot read its
        file), one for each value of the configs, one for each value of the summaries (under the same name where both
        have it: the summary wins), and folder (Path). A value that is called like one of these five columns gets
        `config.` or `summary.` before its name.
    """
    rows = []
    for file in Path(folder).rglob("run-*.wandb"):
        record, about, started = _known(file)
        summary = {name: value for name, value in record.summary.items() if not name.startswith("_")}
        row = about | _apart(record.config, "config") | _apart(summary, "summary") | {"folder": file.parent}
        rows.append((started, row))
    rows.sort(key=lambda pair: pd.Timestamp(pair[0] or 0, tz="UTC"))
    return pd.DataFrame([row for _, row in rows], columns=None if rows else OWN_COLUMNS)


def _known(file):
    try:
        return _parse(_records(file))
    except CourseError:
        about = {"run": file.stem.removeprefix("run-"), "group": "", "tags": "", "state": "unreadable"}
        return RunRecord({}, pd.DataFrame(), {}), about, ""


def _apart(values, kind):
    return {f"{kind}.{name}" if name in OWN_COLUMNS else name: value for name, value in values.items()}


def _file_of(folder):
    files = [folder] if folder.is_file() else sorted(folder.glob("run-*.wandb"))
    if len(files) != 1:
        count = len(files) or "no"
        raise CourseError(f"There are {count} runs in {folder.name}: give the folder of one, as wandb/offline-run-….")
    return files[0]


def _records(file):
    """Return the records of a .wandb file, a list of dict, as `wandb leet inspect --json` prints them.

    That command takes half a second to import its package and then calls this program, which takes a few hundredths.
    A run that has ended this moment may lack its end: wandb's service writes on after `finish` has returned.
    """
    for patience in (0.05, 0.1, 0.2, 0.4, 0.8, 0):
        records = _records_now(file)
        if any(record["type"] == "exit" for record in records) or time.time() - file.stat().st_mtime > 60:
            break
        time.sleep(patience)
    return records


def _records_now(file):
    from wandb.util import get_core_path

    call = [get_core_path(), "leet", "inspect", "--no-observability", "--json", "--run-file", str(file), str(file.parent)]
    done = subprocess.run(call, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise CourseError(f"W&B cannot read {file.name}: {last_line(done.stderr)}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _parse(records):
    """Return the RunRecord, what else is known of the run, a dict of run, group, tags and state, and when it started."""
    config, summary, steps = {}, {}, []
    about = {"run": "", "group": "", "tags": "", "state": "open"}
    started = ""
    for record in records:
        kind, body = record["type"], record.get(record["type"]) or {}
        if kind == "run":
            about["run"] = body.get("display_name") or body.get("run_id", "")
            about |= {"group": body.get("run_group", ""), "tags": ", ".join(body.get("tags", []))}
            started = started or body.get("start_time", "")
            _change(config, body.get("config", {}))
        elif kind == "config":
            _change(config, body)
        elif kind == "summary":
            _change(summary, body)
        elif kind == "history":
            steps.append({name: _number(value) for name, value in body["item"].items()})
        elif kind == "exit":
            about["state"] = "failed" if body.get("exit_code") else "finished"
    config.pop("_wandb", None)
    summary = _flat({name: value for name, value in summary.items() if not name.startswith(OWN_VALUES)})
    history = pd.DataFrame(steps, columns=None if steps else ["_step", "_runtime"])
    return RunRecord(config, history.drop(columns="_timestamp", errors="ignore"), summary), about, started


def _change(values, body):
    values.update({name: _number(value) for name, value in body.get("update", {}).items()})
    for name in body.get("remove", []):
        values.pop(name, None)


def _flat(values):
    nested = {name: value for name, value in values.items() if isinstance(value, dict)}
    parts = {f"{name}.{part}": _number(value) for name, inner in nested.items() for part, value in inner.items()}
    return {name: value for name, value in values.items() if name not in nested} | parts


def _number(value):
    return NUMBERS.get(value, value) if isinstance(value, str) else value
