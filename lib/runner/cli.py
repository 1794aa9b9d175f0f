"""The command `course`: lab, list, run, sweep and doctor. It imports papermill and the like only once a request is right.

Exit status: 0 done, 1 a notebook or check failed, 2 the request was wrong, 130 stopped by Ctrl-C.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from lib import places
from lib.errors import CourseError
from lib.runner.listing import listing
from lib.runner.notebooks import read_folder
from lib.runner.request import PROFILES, plan

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130
FIRST_NOTEBOOK = "00_start_here.ipynb"

EXAMPLES = """examples:
  course list                             what there is, with every parameter
  course run 03                           one lesson, ending with the path of its page
  course run                              every lesson
  course run 03 -p max_epochs 4 -p seed 7 a lesson with other values
  course run --profile smoke              every lesson in a few seconds each
  course sweep 03 -g seed=1,2,3           a lesson once for each value, on all cores
  course lab                              the lessons in JupyterLab
  course doctor                           what this machine has and lacks"""

RUN_HELP = """Runs notebooks and writes into DIR the executed notebook and an HTML page of each, metrics.json,
and index.html over all. The pages open from disk without a network."""

RUN_EXAMPLES = """examples:
  course run 3                 03, 03_keras_tuner and 03_keras_tuner.ipynb name the same notebook
  course run 03 08 --out DIR   two notebooks into a folder of your choice
  course run 03 -p csv my.csv -p layers 64,32 -p shuffle false

A parameter goes to every chosen notebook that has it; `course list` shows names, types and ranges.
Exit status: 0 done, 1 a notebook failed, 2 the request was wrong, 130 stopped by Ctrl-C."""

SWEEP_HELP = """Runs one notebook once for each point of a grid, or each row of a table, on Dask: on this machine's
cores, or on a running cluster. Writes into DIR runs.csv (parameters, metrics, seconds, status), parallel.html and
index.html over all runs, and the executed notebooks in runs/. What is done is never run again: the same call goes on
after Ctrl-C, a kill or a crash, and runs again only what failed. What a notebook itself writes is not kept."""

SWEEP_EXAMPLES = """examples:
  course sweep 03 -g max_epochs=3,9,27 -g seed=1..5   fifteen runs
  course sweep 03 --params runs.csv                   a column for each parameter, a row for each run
  course sweep 03 -g seed=1..100 --scheduler tcp://10.0.0.1:8786

On another machine, with the same kit:  .venv/bin/dask worker tcp://10.0.0.1:8786 --nthreads 1
Exit status: 0 done, 1 a run failed, 2 the request was wrong, 130 stopped by Ctrl-C."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message):
        """Say what is wrong in one line and leave with status 2."""
        message = message.replace("expected 2 arguments", "write a name and a value, as in -p seed 2")
        self.exit(WRONG, f"course: {message} (see {self.prog} --help)\n")


def main(argv=None):
    """Run the command.

    Args:
        argv: list of words after `course`; those of the process if None.

    Returns:
        The exit status, int.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a title must not fail on a terminal of another encoding
    parser = _parser()
    args, rest = parser.parse_known_args(argv)
    if args.command is None:
        parser.print_help()
        return DONE
    if args.command == "run" and not any(word.startswith("-") for word in rest):
        args.notebooks += rest  # argparse leaves names that come after an option
    elif rest and args.command != "lab":
        parser.error(f"unknown argument: {' '.join(rest)}")
    try:
        status = args.call(args, rest)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has seen enough, as `head` has: leave nothing to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except CourseError as error:
        print(f"course: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return STOPPED


def _parser():
    shape = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="course", description="The course's lessons from the command line.", epilog=EXAMPLES,
                    formatter_class=shape, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name, call, words, **more):
        added = commands.add_parser(name, help=words, description=more.pop("description", words),
                                    formatter_class=shape, allow_abbrev=False, **more)
        added.set_defaults(call=call)
        return added

    command("lab", lab, "open the lessons in JupyterLab", usage="course lab [ARGS]",
            epilog="ARGS go to JupyterLab, such as --no-browser or --port 9000.")
    command("list", list_notebooks, "number, title, minutes and parameters of every notebook")
    run_parser = command("run", run, "run notebooks and make pages of them",
                         description=RUN_HELP, epilog=RUN_EXAMPLES)
    run_parser.add_argument("notebooks", nargs="*", metavar="NB", help="number or name of a notebook (default: all)")
    run_parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[],
                            metavar=("NAME", "VALUE"), help="set a parameter; may be given again")
    run_parser.add_argument("--profile", choices=PROFILES, default="lesson",
                            help="smoke: seconds; lesson: as the notebook stands; full: the paper-sized run")
    run_parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write into (default: runs/DATE-TIME)")
    sweep_parser = command("sweep", sweep, "run a notebook once for each point of a grid",
                           description=SWEEP_HELP, epilog=SWEEP_EXAMPLES)
    sweep_parser.add_argument("notebook", metavar="NB", help="number or name of the notebook")
    sweep_parser.add_argument("-g", "--grid", action="append", default=[], metavar="NAME=V1,V2",
                              help="a parameter and its values; may be given again, every combination is run")
    sweep_parser.add_argument("--params", type=Path, metavar="CSV", help="a table of runs instead of a grid")
    sweep_parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[],
                              metavar=("NAME", "VALUE"), help="a parameter with the same value in every run")
    sweep_parser.add_argument("--profile", choices=PROFILES, default="lesson", help="what the other parameters are")
    where = sweep_parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=_positive, metavar="N", help="processes on this machine (default: as many as fit)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask cluster, such as tcp://10.0.0.1:8786")
    sweep_parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write into (default: runs/sweep_NB)")
    command("doctor", doctor, "what this machine has, and the mend of what it lacks")
    return parser


def lab(args, rest):
    """Open JupyterLab at the first notebook, until Ctrl-C."""
    folder = places.notebooks()
    # The root is the folder above: JupyterLab shows no picture from outside its root, and lessons use ../images.
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.parent}",
             f"--LabApp.default_url=/lab/tree/{folder.name}/{FIRST_NOTEBOOK}",
             "--ServerApp.answer_yes=True", *rest]
    # First in the search paths: the python3 kernel of this interpreter, whatever else is registered, and our
    # settings, which ask nobody for news from the network. A learner's own settings still win.
    first = {"JUPYTER_PATH": Path(sys.prefix, "share", "jupyter"), "JUPYTER_CONFIG_PATH": Path(__file__).parent}
    environment = os.environ | {
        name: os.pathsep.join(filter(None, [str(path), os.environ.get(name)])) for name, path in first.items()
    }
    with subprocess.Popen(words, env=environment) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())  # a polite kill ends JupyterLab too
        while True:
            try:
                status = server.wait()
                return DONE if status in (0, -signal.SIGINT, -signal.SIGTERM) else FAILED
            except KeyboardInterrupt:  # the terminal sends it to the server too, which then shuts down
                continue


def list_notebooks(args, rest):
    """Print every notebook with its parameters."""
    print(listing(read_folder(places.notebooks()), shutil.get_terminal_size().columns))
    return DONE


def run(args, rest):
    """Check the request, then run each notebook and write its page; an interrupted run keeps what is finished."""
    plans = plan(read_folder(places.notebooks()), args.notebooks, args.profile, args.parameter)
    out = _make_folder(args.out)
    from lib.runner.batch import run_all  # after the checks: nothing slow before an error is told

    with _terminate_as_interrupt():
        outcomes, stopped = run_all(plans, out, args.profile)
    if outcomes:
        print(out / (f"{plans[0][0].name}.html" if len(plans) == 1 else "index.html"))
    if stopped:
        return STOPPED
    return FAILED if any(outcome.error for outcome in outcomes) else DONE


def sweep(args, rest):
    """Check the request, then run every point that is not done yet, on Dask."""
    from lib.runner.books import only_one
    from lib.runner.points import read_points

    infos = read_folder(places.notebooks())
    request = read_points(infos, args.notebook, args.profile, args.parameter, args.grid, args.params)
    out = _make_folder(args.out or places.runs() / f"sweep_{request[0].name}")
    with only_one(out, f"course {' '.join(sys.argv[1:])}"), _terminate_as_interrupt():
        return _sweep(request, out, args)


def _sweep(request, out, args):
    from lib.runner.sweep import Lost
    from lib.runner.sweep import sweep as sweep_points

    again = "what is done is kept: make the same call again to go on"
    try:
        books = sweep_points(*request, out, args.workers, args.scheduler)
    except KeyboardInterrupt:
        print(f"\ncourse: stopped; {again}", file=sys.stderr)
        return STOPPED
    except Lost:
        print(f"\ncourse: the scheduler is gone; {again}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"\ncourse: {out} cannot be written any more: {error.strerror}; {again}", file=sys.stderr)
        return FAILED
    print(out / "parallel.html")
    return FAILED if books.count("failed") else DONE


def _positive(word):
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of processes of at least 1")
    return int(word)


def doctor(args, rest):
    """Print what this machine has, and each problem with its mend."""
    from lib.runner.doctor import findings

    found = findings()
    width = max(len(finding.name) for finding in found)
    for finding in found:
        print(f"{'ok  ' if finding.ok else 'MEND'}  {finding.name:{width}}  {finding.value}")
        if finding.mend:
            print(f"      {'':{width}}  -> {finding.mend}")
    problems = sum(not finding.ok for finding in found)
    print(f"\n{problems or 'no'} problem{'' if problems == 1 else 's'} found")
    return FAILED if problems else DONE


def _make_folder(named):
    """Make the folder of a run, a new one in runs/ if none is named, and see that it can be written."""
    now = time.strftime("%Y%m%d-%H%M%S")
    folder = named or places.runs() / now
    number = 1
    while named is None and folder.exists():
        number += 1
        folder = places.runs() / f"{now}-{number}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CourseError(f"The folder {folder} cannot be written: {error.strerror}. Give another: --out DIR") from None
    return folder.resolve()


@contextmanager
def _terminate_as_interrupt():
    """Let a polite kill end a run as Ctrl-C does: the kernel stopped, nothing half written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
