"""The course as a map: a box for each lesson, a line from what it needs, and how far the learner is in each."""

from urllib.parse import quote

from lib.runner.report import page

WIDE, HIGH = 212, 46  # of a box, in pixels
STEP_X, STEP_Y = 240, 50  # from box to box

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ course }}</title>
<style>{{ sheet | safe }}
body { font: 15px/1.35 system-ui, sans-serif; max-width: {{ width }}px; margin: 1rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0; } p { margin: .3rem 0 .8rem; color: var(--soft); } a { color: var(--link); }
.next { display: inline-block; padding: .35rem 1rem; border: 2px solid var(--link); border-radius: 8px; font-weight: 600; }
.map { position: relative; height: {{ height }}px; } .map svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.map path { fill: none; stroke: var(--soft); stroke-width: 1.5; opacity: .55; }
.map ol { list-style: none; margin: 0; padding: 0; }
.map a { position: absolute; box-sizing: border-box; width: {{ wide }}px; height: {{ high }}px; padding: 0 .6rem;
  overflow: hidden; display: flex; flex-direction: column; justify-content: center; background: var(--paper); color: var(--ink);
  border: 1px solid var(--soft); border-left-width: 6px; border-radius: 6px; text-decoration: none; }
.map a:hover, .map a:focus { outline: 2px solid var(--link); }
.map .begun { border-color: var(--link); } .map .solved { border-color: var(--good); }
.map b { font-size: 13px; line-height: 1.1; } small { color: var(--soft); font-size: 12px; line-height: 1.2; }
.begun i { color: var(--link); } .solved i { color: var(--good); } i { font-style: normal; letter-spacing: .1em; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: {{ width }}px) { .map { height: auto; } .map svg { display: none; }
  .map a { position: relative; left: 0 !important; top: 0 !important; width: 100%; margin-bottom: .5rem; } }
</style></head>
<body><main>
<h1>{{ course }}</h1>
{% if trouble %}
<p>{{ trouble }}</p><p><a class="next" href="{{ lab }}" target="jupyterlab">Open JupyterLab</a></p>
{% else %}
<p>{{ solved }} of {{ all }} exercises solved. A line leads from a lesson to those that need it.
Lessons open in JupyterLab, in a tab of its own; when you come back to this one, it shows what you have solved.</p>
<p>{% if next %}<a class="next" href="{{ next.href }}" target="jupyterlab">
{{ "Go on with" if begun else "Begin with" }} {{ next.name }}</a>
{% else %}All exercises are solved.{% endif %}</p>
<nav class="map" aria-label="Map of the course">
<svg aria-hidden="true">{% for line in lines %}<path d="{{ line }}"/>{% endfor %}</svg>
<ol>{% for box in boxes %}
<li><a href="{{ box.href }}" target="jupyterlab" class="{{ box.state }}" title="{{ box.title }}"
style="left: {{ box.x }}px; top: {{ box.y }}px">
<b>{{ box.name }}</b><small>{% if box.minutes %}{{ box.minutes }} min{% endif %} <i aria-hidden="true">{{ box.dots }}</i>
<span class="unseen">{{ box.solved }} of {{ box.exercises }} exercises solved</span></small></a></li>
{% endfor %}</ol></nav>
{% endif %}
</main><script>document.addEventListener("visibilitychange", () => document.hidden || location.reload());</script></body></html>
"""


def places(infos):
    """Find a place for each lesson: what it needs stands at its left, and what needs it in the rows around it.

    Args:
        infos: list of `NotebookInfo`, in order.

    Returns:
        A dict from name to (column, row), numbers from 0; a row may be a half.
    """
    column, below, row = {}, {None: []}, {}
    for info in infos:
        needs = [name for name in info.needs if name in column]
        nearest = max(needs, key=column.get, default=None)
        column[info.name] = column[nearest] + 1 if needs else 0
        below[nearest].append(info.name)
        below[info.name] = []
    free = iter(range(len(infos)))

    def put(name):
        for other in below[name]:
            put(other)
        rows = [row[other] for other in below[name]]
        row[name] = (rows[0] + rows[-1]) / 2 if rows else next(free)

    for name in below[None]:
        put(name)
    return {info.name: (column[info.name], row[info.name]) for info in infos}


def steps(infos):
    """Return the pairs of names (needed, lesson) that the map draws: none that follows from others."""
    needs = {info.name: info.needs for info in infos}
    behind = {}
    for info in infos:
        behind[info.name] = {further for name in needs[info.name] if name in behind for further in (name, *behind[name])}
    return [(name, lesson) for lesson, names in needs.items() for name in names
            if name in behind and not any(name in behind.get(other, ()) for other in names)]


def map_page(course, infos, rows, top):
    """Return the page with the map, as HTML.

    Args:
        course: name of the course.
        infos: list of `NotebookInfo`, in order.
        rows: what `lib.exercises.progress` returns.
        top: address of the folder of the notebooks in JupyterLab, with a slash at its end.
    """
    done = {row["notebook"]: row for row in rows}
    place = places(infos)
    boxes = [_box(info, done.get(info.number), place[info.name], top) for info in infos]
    open_ones = [box for kind in ("tried", "open") for box in boxes if box[kind]]
    height = STEP_Y * max(row for _, row in place.values()) + HIGH + 4
    return _page(
        course, boxes=boxes, lines=[_line(place[one], place[other]) for one, other in steps(infos)], height=int(height),
        width=STEP_X * max(column for column, _ in place.values()) + WIDE, next=next(iter(open_ones), None),
        solved=sum(box["solved"] for box in boxes), all=sum(box["exercises"] for box in boxes),
        begun=any(box["solved"] or box["tried"] for box in boxes),
    )


def trouble_page(course, trouble, lab):
    """Return a page that says in one line why there is no map; `lab` is the address of JupyterLab."""
    return _page(course, trouble=trouble, lab=lab, width=STEP_X * 4, height=0)


def _page(course, **values):
    return page(PAGE, course=course, wide=WIDE, high=HIGH, **values)


def _box(info, row, place, top):
    row = row or {"exercises": 0, "solved": 0, "tried": "", "open": ""}
    solved, exercises = row["solved"], row["exercises"]
    state = "solved" if exercises and solved == exercises else "begun" if solved or row["tried"] else "new"
    return row | {
        "href": quote(f"{top}{info.path.name}"), "title": f"{info.number} {info.title}", "minutes": info.minutes,
        "name": f"{info.number} {info.title.partition(':')[0]}", "state": state,
        "dots": "●" * solved + "○" * (exercises - solved), "x": STEP_X * place[0], "y": int(STEP_Y * place[1]),
    }


def _line(start, end):
    """Return the path of a line from the right side of a box to the left side of another."""
    x, y = STEP_X * start[0] + WIDE, STEP_Y * start[1] + HIGH / 2
    to_x, to_y = STEP_X * end[0], STEP_Y * end[1] + HIGH / 2
    middle = to_x - (STEP_X - WIDE) / 2
    return f"M{x} {y:g} H{middle - 12 if to_x - x > STEP_X else x} C{middle} {y:g} {middle} {to_y:g} {to_x} {to_y:g}"
