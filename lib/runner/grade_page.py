"""The page over a class: who is where, which exercise stops most of them, and with which mistake."""

from collections import Counter

from lib.runner.report import page

MARKS = {"right": "✔", "wrong": "✘", "blank": "○", "error": "!"}
COMMON = 3  # messages told of an exercise

PAGE = """{% extends "table" %}
{% block style %}
body { max-width: 80rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; } ul { margin: 0; padding-left: 1.2rem; }
td.mark { text-align: center; } .right { color: var(--good); }
.wrong, .error { color: var(--bad); } .blank { color: var(--soft); }
{% endblock %}
{% block figure %}
<h2>Where the class stops</h2>
<div class="wide"><table>
<thead><tr><th>Exercise</th><th class="number">right</th><th class="number">wrong</th><th class="number">blank</th>
<th class="number">error</th><th>What is said most often of those that are not right</th></tr></thead>
<tbody>
{% for row in exercises %}
<tr><td>{{ row.exercise }}</td>
{% for name in marks %}<td class="number">{{ row.counts[name] }}</td>{% endfor %}
<td>{% if row.common %}<ul>
{% for message, many in row.common %}<li>{{ many }} × {{ message }}</li>
{% endfor %}</ul>{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
<h2>Who is where</h2>
<p>{% for name, mark in marks.items() %}<span class="{{ name }}">{{ mark }}</span> {{ name }}&emsp;{% endfor %}</p>
{% endblock %}
{% block names %}
<th>Learner</th><th class="number">right</th>{% for key in keys %}<th>{{ key }}</th>{% endfor %}
{% endblock %}
{% block rows %}
{% for learner in learners %}
<tr><td>{{ learner.name }}{% for message in learner.errors %}<small>{{ message }}</small>{% endfor %}</td>
<td class="number">{{ learner.right }}</td>
{% for row in learner.row %}
<td class="mark">{% if row %}<span class="{{ row.verdict }}" title="{{ row.message }}" role="img" aria-label="{{ row.verdict }}">
{{- marks[row.verdict] }}</span>{% endif %}</td>
{% endfor %}</tr>
{% endfor %}
{% endblock %}
"""


def page_of(rows):
    """Return the HTML of the page.

    Args:
        rows: list of dict with learner, exercise ("" where the file is no notebook), verdict and message.
    """
    keys = sorted({row["exercise"] for row in rows if row["exercise"]})
    names = list(dict.fromkeys(row["learner"] for row in rows))
    right = sum(row["verdict"] == "right" for row in rows)
    summary = f"{len(names)} notebooks, {len(keys)} exercises, {right} right answers."
    return page(PAGE, title="Grades", summary=summary, keys=keys, marks=MARKS,
                exercises=[_exercise(key, rows) for key in keys], learners=[_learner(name, rows, keys) for name in names])


def _exercise(key, rows):
    mine = [row for row in rows if row["exercise"] == key]
    said = Counter(row["message"] for row in mine if row["verdict"] in ("wrong", "error"))
    return {"exercise": key, "counts": Counter(row["verdict"] for row in mine), "common": said.most_common(COMMON)}


def _learner(name, rows, keys):
    mine = {row["exercise"]: row for row in rows if row["learner"] == name}
    errors = list(dict.fromkeys(row["message"] for row in mine.values() if row["verdict"] == "error"))
    right = sum(row["verdict"] == "right" for row in mine.values())
    return {"name": name, "right": right, "row": [mine.get(key) for key in keys], "errors": errors}
