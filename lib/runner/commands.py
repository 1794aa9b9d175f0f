"""The calls of the command `course`, from lab to doctor; papermill and the like come in once a request is right."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from lib import places
from lib.errors import CourseError, without_password
from lib.runner import DONE, FAILED, POLITE, STOPPED
from lib.runner.jupyter_server_config import PARENT
from lib.runner.listing import listing
from lib.runner.notebooks import read_folder, resolve
from lib.runner.request import PROFILES, plan
from lib.runner.ways import read_ways

# A line of nothing but \b keeps click from filling the lines below it up.
EXAMPLES = """\b
examples:
  course list                             what there is, with every parameter
  course run 03                           one lesson, ending with the path of its page
  course run                              every lesson
  course run 03 -p max_epochs 4 -p seed 7 a lesson with other values
  course run --profile smoke              every lesson in a few seconds each
  course sweep 03 -g seed=1,2,3           a lesson once for each value, on all cores
  course lab                              the lessons in JupyterLab
  course site                             all lessons as pages to read, with a search
  course handout 03 08 --out week2        a folder with two lessons, to hand out
  course pack --out wheels                all that an installation downloads, for machines without a network
  course progress                         the exercises: solved, tried, open
  course grade handed_in/                 the exercises of a class
  course doctor                           what this machine has and lacks"""

RUN_EXAMPLES = """\b
examples:
  course run 3                 03, 03_keras_tuner and 03_keras_tuner.ipynb name the same notebook
  course run 03 08 --out DIR   two notebooks into a folder of your choice
  course run 03 -p csv my.csv -p layers 64,32 -p shuffle false

A parameter goes to every chosen notebook that has it; `course list` shows names, types and ranges.

Exit status: 0 done, 1 a notebook failed, 2 the request was wrong, 130 stopped by Ctrl-C."""

SWEEP_EXAMPLES = """\b
examples:
  course sweep 03 -g max_epochs=3,9,27 -g seed=1..5   fifteen runs
  course sweep 03 --params runs.csv                   a column for each parameter, a row for each run
  course sweep 03 -g seed=1..100 --scheduler tcp://10.0.0.1:8786

For --scheduler, on one machine and on every other, all with the same kit:

\b
  .venv/bin/dask scheduler --host 10.0.0.1 --no-dashboard
  .venv/bin/dask worker tcp://10.0.0.1:8786 --nthreads 1 --no-dashboard

Who reaches a Dask scheduler or worker can run any code as the one who has started it. Open tcp:// only in a network where
you trust everybody; elsewhere start all three with --tls-ca-file, --tls-cert and --tls-key, and sweep with:

\b
  course sweep 03 -g seed=1..100 --scheduler tls://10.0.0.1:8786 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key

Exit status: 0 done, 1 a run failed, 2 the request was wrong, 130 stopped by Ctrl-C."""

SITE_EXAMPLES = """\b
examples:
  course site                  into runs/site
  course site --out public     into a folder that is published as it is

Exit status: 0 done, 1 a notebook cannot be shown, 2 the request was wrong, 130 stopped by Ctrl-C."""

HANDOUT_EXAMPLES = """\b
examples:
  course handout 03 08 --out week2                   two lessons and what they need, in a new folder
  course handout 08 --out exam --no-solutions        `solution` shows none there"""

PACK_EXAMPLES = """\b
examples:
  course pack --out wheels     then, on a machine without a network, in the folder of README:

\b
  python3 -m venv .venv
  .venv/bin/pip install --no-index --find-links wheels -r requirements.txt

Exit status: 0 done, 1 a wheel cannot be had, 2 the request was wrong, 130 stopped by Ctrl-C."""

GRADE_EXAMPLES = """\b
examples:
  course grade handed_in/                 every notebook in the folder and below it
  course grade week3.zip --out grades     as a school's site packs them
  course grade anna.ipynb ben.ipynb --timeout 300

A learner is called as the file is, from the folder or the zip on.

Exit status: 0 done, whatever the grades are; 2 the request was wrong, 130 stopped by Ctrl-C."""


@click.group(epilog=EXAMPLES, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def course(context):
    """The course's lessons from the command line."""
    if context.invoked_subcommand is None:
        print(context.get_help())


PARAMETER = click.option("-p", "--parameter", nargs=2, multiple=True, metavar="NAME VALUE",
                         help="Set a parameter; may be given again.")
PROFILE = click.option("--profile", type=click.Choice(PROFILES), default="lesson", show_default=True,
                       help="smoke: seconds; lesson: as the notebook stands; full: the paper-sized run.")
OUT = click.option("--out", metavar="DIR", help="Folder to write into, not that of the notebooks; one in runs/ by default.")
TIMEOUT = click.option("--timeout", type=click.IntRange(1, 10**6), metavar="SECONDS",
                       help="End a cell that takes longer; ten times what the lesson says it takes by default, an hour at least.")


@course.command(context_settings={"ignore_unknown_options": True})
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def lab(args):
    """Open the map of the course, and its lessons in JupyterLab, until Ctrl-C.

    ARGS go to JupyterLab, such as --no-browser or --port 9000.
    """
    # The root is the folder above: JupyterLab shows no picture from outside its root, and lessons use ../images.
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={places.notebooks().parent}",
             "--LabApp.default_url=/course-map",  # see lib.runner.welcome
             "--ServerApp.answer_yes=True", *args]
    # First in the search paths: the python3 kernel of this interpreter, whatever else is registered, and our
    # settings, which ask nobody for news from the network. A learner's own settings still win. The menu's way to the map
    # is for this server alone: a hub's has other addresses.
    ours = Path(__file__).parent
    first = {"JUPYTER_PATH": [Path(sys.prefix, "share", "jupyter")], "JUPYTER_CONFIG_PATH": [ours, ours / "labmenu"]}
    environment = os.environ | {PARENT: str(os.getpid())} | {
        name: os.pathsep.join([*map(str, paths), *filter(None, [os.environ.get(name)])]) for name, paths in first.items()
    }
    with subprocess.Popen(words, env=environment) as server:
        for number in POLITE:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                signal.signal(number, lambda *_: server.terminate())
        while True:
            try:
                status = server.wait()
                return DONE if status in (0, -signal.SIGINT, -signal.SIGTERM) else FAILED
            except KeyboardInterrupt:  # the terminal sends it to the server too, which then shuts down
                continue


@course.command("list")
def list_notebooks():
    """Print number, title, minutes and parameters of every notebook, and the ways through the course."""
    infos = read_folder(places.notebooks())
    print(listing(infos, shutil.get_terminal_size().columns, read_ways(places.notebooks(), infos)))


@course.command(epilog=RUN_EXAMPLES)
@click.argument("notebooks", nargs=-1, metavar="[NB]...")
@PARAMETER
@PROFILE
@TIMEOUT
@OUT
def run(notebooks, parameter, profile, timeout, out):
    """Run notebooks, all if none is named, and make pages of them.

    Writes into DIR the executed notebook and an HTML page of each, metrics.json, and index.html over all. The pages
    open from disk without a network, and run no script but that of their plotly figures, whatever a notebook brings; a
    notebook itself can run any code, as you. What is finished stays when a run is stopped; what a notebook has started
    ends with its run.
    """
    plans = plan(read_folder(places.notebooks()), notebooks, profile, parameter)
    from lib.runner import folder  # after the checks: nothing slow before an error is told

    out = folder.find(out)
    names = [f"{info.name}{suffix}" for info, _ in plans for suffix in (".ipynb", ".html")]
    with folder.held(out, "run", [*names, "index.html", "metrics.json"], _call()):
        from lib.runner.batch import run_all

        outcomes, stopped = run_all(plans, out, profile, timeout)
    page = out / (f"{plans[0][0].name}.html" if len(plans) == 1 else "index.html")
    if outcomes and page.exists():
        print(page)
    if not outcomes:
        with contextlib.suppress(OSError):  # what a notebook itself wrote stays
            out.rmdir()
    if stopped:
        return STOPPED
    return FAILED if any(outcome.error for outcome in outcomes) else DONE


def _call():
    return without_password(f"course {' '.join(sys.argv[1:])}")


@course.command(epilog=SWEEP_EXAMPLES)
@click.argument("notebook", metavar="NB")
@click.option("-g", "--grid", multiple=True, metavar="NAME=V1,V2",
              help="A parameter and its values; may be given again, every combination is run.")
@click.option("--params", type=click.Path(path_type=Path), metavar="CSV", help="A table of runs instead of a grid.")
@PARAMETER
@PROFILE
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes on this machine; as many as fit by default.")
@click.option("--scheduler", metavar="ADDRESS",
              help="A running Dask cluster instead, such as tls://10.0.0.1:8786.")
@click.option("--tls-ca", metavar="FILE", help="The certificate that signs those of a tls:// cluster, PEM.")
@click.option("--tls-cert", metavar="FILE", help="Your certificate for it.")
@click.option("--tls-key", metavar="FILE", help="The key of that certificate.")
@TIMEOUT
@OUT
def sweep(notebook, grid, params, parameter, profile, workers, scheduler, tls_ca, tls_cert, tls_key, timeout, out):
    """Run a notebook once for each point of a grid.

    Or for each row of a table. It runs on Dask, on this machine's cores or a running cluster. Writes into DIR runs.csv
    (parameters, metrics, seconds, status), parallel.html and index.html over all runs, and the executed notebooks in
    runs/. What is done is never run again: the same call goes on after Ctrl-C, a kill or a crash, and runs again only
    what failed. What a notebook itself writes is not kept.
    """
    from lib.runner import folder
    from lib.runner.cluster import credentials
    from lib.runner.points import read_points

    if workers and scheduler:
        raise CourseError("--workers are processes of this machine, --scheduler is a cluster: give one of them.")
    request = read_points(read_folder(places.notebooks()), notebook, profile, parameter, grid, params)
    security = credentials(scheduler, tls_ca, tls_cert, tls_key)
    out = folder.find(out, f"sweep_{request[0].name}")
    with folder.held(out, "sweep", ["runs.csv", "parallel.html", "index.html"], _call()):
        return _sweep(request, out, workers, scheduler, security, timeout)


def _sweep(request, out, *how):
    from lib.runner.cluster import Lost
    from lib.runner.sweep import sweep as sweep_points

    again = "what is done is kept: make the same call again to go on"
    try:
        books, whole = sweep_points(*request, out, *how)
    except KeyboardInterrupt:
        print(f"\ncourse: stopped; {again}", file=sys.stderr)
        return STOPPED
    except Lost as error:
        print(f"\ncourse: {error}; {again}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"\ncourse: {out} cannot be written any more: {error.strerror}; {again}", file=sys.stderr)
        return FAILED
    if whole:
        print(out / "parallel.html")
    return FAILED if books.count("failed") or not whole else DONE


@course.command(epilog=SITE_EXAMPLES)
@OUT
def site(out):
    """Make a site of all lessons as they are stored.

    Nothing is run. The pages have living figures, contents, the way to the lessons before and after, and a search that
    works in the browser alone: the site opens from disk, and from any host that hands out files. What an earlier call has
    left in DIR is replaced once all is made, and nothing else in it is touched.
    """
    infos = read_folder(places.notebooks())
    from lib.runner import folder
    from lib.runner.site import NoPage, files, write_site

    out = folder.find(out, "site")
    with folder.held(out, "site", files(infos), _call()):
        start = time.perf_counter()
        try:
            names = write_site(infos, out)
        except NoPage as error:
            print(f"course: {error}", file=sys.stderr)
            return FAILED
        size = sum((out / name).stat().st_size for name in names)
        print(f"{len(names)} files, {size / 1e6:.1f} MB, {time.perf_counter() - start:.1f} s", file=sys.stderr)
    print(out / "index.html")
    return DONE


@course.command(epilog=HANDOUT_EXAMPLES)
@click.argument("notebooks", nargs=-1, required=True, metavar="NB...")
@click.option("--out", metavar="DIR", required=True, help="Folder to make; nothing may be in it.")
@click.option("--no-solutions", is_flag=True, help="Let `solution` show none there.")
def handout(notebooks, out, no_solutions):
    """Make a folder to hand out: a small kit with these lessons alone.

    It holds the notebooks as they are stored, the pictures that they show, the data, the library with the exercises of these
    lessons, and a README that says how to install and open it. With --no-solutions, `solution` says that there is none to
    see; who reads the library finds answers all the same, since the checks compare with them.
    """
    chosen = resolve(notebooks, read_folder(places.notebooks()))
    from lib.runner import folder
    from lib.runner.handout import write_handout

    out = folder.find(out)
    with folder.held(out, "handout", folder.entries(out), _call()):
        write_handout(chosen, out, not no_solutions)
    print(out)
    return DONE


@course.command(epilog=PACK_EXAMPLES)
@OUT
def pack(out):
    """Put all wheels that the kit is installed from into one folder.

    For machines without a network: pip finds there all that it would download, for this Python and this kind of system.
    """
    kit = places.kit()
    from lib.runner import folder
    from lib.runner.wheels import NoWheels
    from lib.runner.wheels import pack as download

    out = folder.find(out, "wheels")
    print("course: downloading; this takes minutes", file=sys.stderr)
    foreign = [name for name in folder.entries(out) if not name.endswith(".whl")]
    with folder.held(out, "pack", foreign, _call()):
        try:
            number, size = download(out, kit)
        except NoWheels as error:
            print(f"course: the wheels cannot be had: {error}", file=sys.stderr)
            return FAILED
    print(f"{number} wheels, {size / 1e6:.0f} MB. Without a network, add to `pip install`: --no-index --find-links {out}",
          file=sys.stderr)
    print(out)
    return DONE


@course.command(epilog=GRADE_EXAMPLES)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILES...")
@click.option("--timeout", type=click.IntRange(1, 10**6), default=120, show_default=True, metavar="SECONDS",
              help="For one exercise, with the cells that it needs.")
@click.option("--memory", type=click.FloatRange(0.5), default=4.0, show_default=True, metavar="GIB", help="For one notebook.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Notebooks at a time; as many as fit by default.")
@click.option("--trust", is_flag=True, help="Run the notebooks as yourself, with all that you may do.")
@OUT
def grade(files, timeout, memory, workers, trust, out):
    """Judge the exercises of learners' notebooks: files, folders, zips.

    Of each notebook runs only what its exercises need, in a kernel of its own that sees Python and the kit, and neither your
    files nor those of other learners nor the network, and writes into memory only. That takes Linux with user namespaces;
    elsewhere --trust runs the notebooks without it, as yourself. Writes into DIR grades.csv (learner, exercise, verdict,
    message, seconds) and grades.html over the class. A verdict is right, wrong, blank or error. A notebook that is made to
    cheat can say of itself what it likes: grades are help for the one who teaches, and no proof.
    """
    from lib.runner import folder, handed_in, room
    from lib.runner.cluster import fitting
    from lib.runner.grading import grade

    handed = handed_in.find(files, places.notebooks())
    out = folder.find(out)
    with folder.held(out, "grade", ["grades.csv", "grades.html"], _call()):
        why = "" if trust else room.why_not(out / folder.WORK)
        if why:
            raise CourseError(f"No notebook can be kept from your files here: {why}. If you trust them all: --trust")
        count = fitting(len(handed), workers, memory)
        grade(handed, out, timeout, memory, count, trust, lambda line: print(line, file=sys.stderr, flush=True))
    print(out / "grades.html")
    return DONE


@course.command()
@click.option("--export", metavar="FILE", help="Write a table (CSV): exercise, state, tries, first_right (UTC).")
def progress(export):
    """Print which exercises are solved, tried and open, and what comes next."""
    from lib import exercises

    if export is not None:
        from lib.runner.progress import write

        print(write(Path(export), exercises.answers()))
        return DONE
    for row in exercises.progress():
        rest = "".join(f"; {word} {row[word]}" for word in ("tried", "open") if row[word])
        print(f"{row['notebook']}  {row['solved']} of {row['exercises']} solved{rest}")
    print(exercises.what_next())
    return DONE


@course.command()
def doctor():
    """Say what this machine has, and each problem with its mend."""
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
