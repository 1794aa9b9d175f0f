"""TensorBoard's HParams page, written from any trials frame; and event files, read back into tables."""

import math
import time
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from lib.columns import MEASURED, OUTCOME, check_trials, is_gap, texts
from lib.errors import CourseError

SUFFIX = ".trials"  # of the event files that are ours, and ours to replace
OWN = ("run", "trial", "status")  # columns of `read_hparams`; what else is called so gets another name
STATUS = {"COMPLETED": "SUCCESS", "FAILED": "FAILURE", "INVALID": "FAILURE", "RUNNING": "RUNNING"}  # else UNKNOWN


# --- writing


def write_hparams(frame, folder, metrics=MEASURED):
    """Write the trials of a search for TensorBoard's HParams page, one run a trial.

    The page shows a metric's *last* value. Each metric is therefore written once, at step 0, so that the last value is
    the one in the frame: for the score of a KerasTuner trial, its best epoch's. The page has words for success,
    failure and running, to filter by; the frame's own, PRUNED too, is among the hyperparameters as `status`. Every
    column with a value is on the page, but it shows only five hyperparameters and five metrics until somebody ticks the
    others, at its left. Those with more than one value come first, in alphabetical order, and `status` after them.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`, maybe with more columns. A gap stays a gap; a column of nothing
            but gaps, as one branch of a space has, is left out: the page would tick it, and draw no trial. What is
            neither number nor bool is told in words, and so is a column of numbers with one that the page cannot show.
        folder: where to write; made if need be. What an earlier call wrote there is replaced, anything else stays.
            Keep it apart from the logs of a TensorBoard callback, or the page shows the runs of both.
        metrics: names of the numeric columns that are outcomes. The others are hyperparameters, but for those that
            every trials frame has.

    Returns:
        The folder, a Path.

    Raises:
        CourseError: The frame is no trials frame or has no trials, two of them have one number, or a metric is not in
            it or is no number.
    """
    _check(frame, metrics)
    others = [name for name in frame if name not in ("trial", *OUTCOME, *metrics)]
    names = [name for name in others if frame[name].notna().any()] + ["status"]
    told = {str(name): _told(frame[name]) for name in names}
    metrics = [name for name in metrics if frame[name].notna().any()]  # one without any value would empty the figures
    folder = Path(folder)
    _clear(folder)
    _write(folder, [_experiment(told, metrics)])
    digits = len(str(frame["trial"].max()))
    for place, row in enumerate(frame[["trial", "status", *metrics]].to_dict("records")):
        number = f"{row['trial']:0{digits}}"
        values = {name: column[place] for name, column in told.items() if column[place] is not None}
        _write(folder / f"trial_{number}", _trial(row, number, values, metrics))
    return folder


def _check(frame, metrics):
    check_trials(frame)
    numbers = frame["trial"]
    if not pd.api.types.is_integer_dtype(numbers) or numbers.isna().any():
        raise CourseError("trial: the trials have whole numbers, from 1 on; see lib.trials.trials_frame.")
    if numbers.duplicated().any():
        twice = numbers[numbers.duplicated()].iloc[0]
        raise CourseError(f"trial: two rows have the number {twice}. Number the rows anew, or write each search by itself.")
    for name in metrics:
        if name not in frame or not pd.api.types.is_numeric_dtype(frame[name]):
            raise CourseError(f"metrics: {name!r} is no column of numbers in this frame.")


def _clear(folder):
    """Take away what an earlier call has written, and the folders of its trials that then are empty."""
    for old in list(folder.rglob(f"*tfevents*{SUFFIX}")):
        old.unlink()
        if old.parent != folder and not any(old.parent.iterdir()):
            old.parent.rmdir()


def _told(column):
    """Return the values of a column in the one type that all of them have, bool, float or str, and None for a gap."""
    there = [value for value in column if not is_gap(value)]
    known = texts(there)
    if all(isinstance(value, bool | np.bool_) for value in there):
        known = [bool(value) for value in there]
    elif all(map(_is_exact, there)) and len(set(map(float, there))) == len(set(known)):  # 1 and 1.0 may differ
        known = [float(value) for value in there]
    known = iter(known)
    return [None if is_gap(value) else next(known) for value in column]


def _is_exact(value):
    """Say whether the page can show a number as it is: it has floats only, and no infinite ones."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value) and float(value) == value
    except OverflowError:
        return False


def _experiment(told, metrics):
    """Return the summary that names all hyperparameters, with their types and domains, and all metrics."""
    from tensorboard.plugins.hparams import api_pb2, summary

    types = {bool: "DATA_TYPE_BOOL", float: "DATA_TYPE_FLOAT64", str: "DATA_TYPE_STRING"}
    infos = []
    for name, column in told.items():
        values = sorted({value for value in column if value is not None})
        # Those that differ come first; the status waits behind them, or it would take a place of the first five.
        info = api_pb2.HParamInfo(name=name, type=types[type(values[0])], differs=len(values) > 1 and name != "status")
        if isinstance(values[0], float):
            info.domain_interval.min_value, info.domain_interval.max_value = values[0], values[-1]
        else:
            info.domain_discrete.extend(values)
        infos.append(info)
    outcomes = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in metrics]
    return summary.experiment_pb(infos, outcomes)


def _trial(row, number, values, metrics):
    """Return the summaries of one trial: its hyperparameters, its metrics, how it ended."""
    from tensorboard.plugins.hparams import api_pb2, summary
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb

    # Trials without a group name of their own share a row when they share their hyperparameters.
    start = summary.session_start_pb(values, group_name=number)
    outcomes = [scalar_pb(name, float(row[name])) for name in metrics if not is_gap(row[name])]
    status = api_pb2.Status.Value(f"STATUS_{STATUS.get(row['status'], 'UNKNOWN')}")
    return [start, *outcomes, summary.session_end_pb(status)]


def _write(folder, summaries):
    """Write an event file at once: TensorBoard's own writer starts a thread for each, and a search has thousands."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"events.out.tfevents.{time.time():017.6f}{SUFFIX}", "wb") as file:  # the page reads by name, the last
        writer = RecordWriter(file)
        writer.write(Event(file_version="brain.Event:2").SerializeToString())
        for summary in summaries:
            event = Event(step=0)
            event.summary.ParseFromString(summary.SerializeToString())  # some are TensorFlow's class of that name
            writer.write(event.SerializeToString())


# --- reading


def read_scalars(folder):
    """Read every scalar below a folder of event files.

    Args:
        folder: a folder of logs, as TensorBoard's `--logdir`.

    Returns:
        A DataFrame with run (str, the folder's part below, "." for itself), tag (str), step (int) and value (float),
        in the order of runs, and of writing within a run.

    Raises:
        CourseError: There is no event file.
    """
    rows = [(run, value.tag, step, _number(value)) for run, step, value in _values(folder, "scalars")]
    return pd.DataFrame(rows, columns=["run", "tag", "step", "value"]).astype({"step": int, "value": float})


def read_hparams(folder):
    """Read the table of the HParams page from event files, whoever wrote them.

    Args:
        folder: a folder of logs, as TensorBoard's `--logdir`.

    Returns:
        A DataFrame, a row for each run with hyperparameters: run, trial (str, as the page's Trial ID), the
        hyperparameters (numbers are floats), the metrics (their *last* values, as on the page; a metric in a folder
        below the run has that folder's name before its own, as in `validation.epoch_loss`; `param_` or `metric_` comes
        before a name that is another column's), and status (the frame's
        if `write_hparams` wrote it, else the page's SUCCESS, FAILURE, RUNNING or UNKNOWN). It has no rows where
        there are no hyperparameters.

    Raises:
        CourseError: There is no event file.
    """
    rows = _sessions(folder)
    hyperparameters = list(dict.fromkeys(name for row in rows.values() for name in row))
    scalars = read_scalars(folder).groupby(["run", "tag"], sort=False)["value"]
    scalars = scalars.agg(lambda values: values.iloc[-1])  # last() would pass over the NaN of a run that has diverged
    metrics = {}
    for (run, tag), value in scalars.items():
        parents = [str(parent) for parent in [PurePosixPath(run), *PurePosixPath(run).parents]]
        session = next((parent for parent in parents if parent in rows), None)
        if session is not None:
            group = PurePosixPath(run).relative_to(session).as_posix()
            name = tag if group == "." else f"{group}.{tag}"
            name = f"metric_{name}" if name in (*OWN, *hyperparameters) else name
            metrics[name] = None
            rows[session][name] = value
    order = [*OWN[:2], *[name for name in hyperparameters if name not in OWN], *metrics, OWN[2]]
    return pd.DataFrame([{"run": run} | row for run, row in rows.items()], columns=order)


def _sessions(folder):
    """Return a dict from run to its hyperparameters, its trial and its status."""
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    rows, ended = {}, {}
    for run, _, value in _values(folder, metadata.PLUGIN_NAME):
        content = plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
        if value.tag == metadata.SESSION_START_INFO_TAG:
            start = content.session_start_info
            own = {name: getattr(v, v.WhichOneof("kind")) for name, v in sorted(start.hparams.items())}
            own = {f"param_{name}" if name in OWN[:2] else name: value for name, value in own.items()}
            rows[run] = {"trial": start.group_name or run, **own}
        elif value.tag == metadata.SESSION_END_INFO_TAG:
            ended[run] = api_pb2.Status.Name(content.session_end_info.status).removeprefix("STATUS_")
    for run, row in rows.items():
        row.setdefault("status", ended.get(run, "UNKNOWN"))
    return rows


def _values(folder, plugin):
    """Yield (run, step, summary value) for everything that one plugin of TensorBoard's has below a folder."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    files = sorted(Path(folder).rglob("*tfevents*"))
    if not files:
        raise CourseError(f"There is no event file in {Path(folder).name!r}. Was it written by a TensorBoard callback?")
    plugins = {}  # only the first value of a tag in a run says whose it is
    for path in files:
        run = path.parent.relative_to(folder).as_posix()
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                owner = plugins.setdefault((run, value.tag), value.metadata.plugin_data.plugin_name)
                if owner == plugin:
                    yield run, event.step, value


def _number(value):
    from tensorboard.util import tensor_util

    return tensor_util.make_ndarray(value.tensor).item()
