"""What stands over a run's notebooks: metrics.json, and index.html as a table of them all."""

import json

import jinja2

from lib.errors import UNREADABLE, without_password
from lib.files import replace_text
from lib.metric import shown
from lib.runner.execute import read_outcome
from lib.runner.notebooks import NUMBERED
from lib.runner.page import site_style

# A page with one table of runs. Whatever is put into it is escaped, but for what says `safe`.
TABLE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>{% block sheet %}<style>{{ sheet | safe }}</style>{% endblock %}<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } p { color: var(--soft); margin: 0 0 1.6rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .55rem .9rem .55rem 0; border-bottom: 1px solid var(--line); }
th { font-size: .8rem; color: var(--soft); font-weight: 600; white-space: nowrap; }
th.number, td.number { text-align: right; padding-right: 1.8rem; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
a { color: var(--link); } .failed { color: var(--bad); } small { display: block; color: var(--soft); }
dl { display: grid; grid-template-columns: auto auto; gap: 0 .8rem; margin: 0; justify-content: start; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; font-variant-numeric: tabular-nums; }
{% block style %}{% endblock %}</style>{% block head %}{% endblock %}</head>
<body><a class="skip" href="#main">To the table</a>{% block top %}{% endblock %}
<main id="main" tabindex="-1">
<h1>{{ title }}</h1>
<p>{{ summary }}</p>
{% block figure %}{% endblock %}
<div class="wide"><table>
<thead><tr>{% block names %}{% endblock %}</tr></thead>
<tbody>
{% block rows %}{% endblock %}
</tbody>
</table></div>
</main>
{% block script %}{% endblock %}
</body>
</html>
"""

INDEX = """{% extends "table" %}
{% block names %}
<th>Notebook</th><th>Status</th><th class="number">Seconds</th><th>Metrics</th><th>Parameters changed</th>
{% endblock %}
{% block rows %}
{% for outcome in outcomes %}
<tr><td><a href="{{ outcome.info.name | urlencode }}.html">{{ outcome.info.number }} {{ outcome.info.title }}</a>
<small>{{ outcome.info.name }}</small></td>
<td>{% if outcome.error %}<span class="failed">failed</span>
<small>{% if outcome.heading %}at “{{ outcome.heading }}”: {% endif %}{{ outcome.error }}</small>{% else %}done{% endif %}</td>
<td class="number">{{ "%.1f" | format(outcome.seconds) }}</td>
{% for values in (outcome.metrics, outcome.values) %}
<td>{% if values %}<dl>
{% for name, value in values.items() %}<dt>{{ name | replace('_', ' ') }}</dt><dd>{{ value | shown }}</dd>{% endfor %}
</dl>{% endif %}</td>
{% endfor %}</tr>
{% endfor %}
{% endblock %}
"""


def earlier(out):
    """Return the list of `Outcome` of the executed notebooks that are in a folder."""
    found = [read_outcome(path) for path in sorted(out.glob(NUMBERED))]
    return [outcome for outcome in found if outcome]


def write_report(out, outcomes, planned, profile="lesson"):
    """Write metrics.json and index.html over what has run so far, and over what earlier runs have left in the folder.

    Args:
        out: Path of the run's folder.
        outcomes: list of `Outcome`, in order.
        planned: how many notebooks the run was to have.
        profile: name of the profile, for the page.
    """
    mine = {outcome.info.name: outcome for outcome in outcomes}
    before = [outcome for outcome in earlier(out) if outcome.info.name not in mine]
    every = sorted([*before, *outcomes], key=lambda outcome: outcome.info.name)
    metrics = {outcome.info.name: outcome.metrics for outcome in every}
    replace_text(out / "metrics.json", json.dumps(_kept(out / "metrics.json") | metrics, indent=1, ensure_ascii=False) + "\n")
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    summary = f"{len(outcomes)} of {planned} notebooks ran, {failed} failed, {seconds:.0f} s, profile {profile}."
    summary += f" {len(before)} more from earlier runs." if before else ""
    replace_text(out / "index.html", page(INDEX, title="Course run", summary=summary, outcomes=every))


def _kept(path):
    """Return the metrics that are in a folder already, a dict; none where the file is damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, *UNREADABLE):
        return {}


def page(template, **values):
    """Return the HTML of a page.

    Args:
        template: str, for Jinja; it extends `TABLE`, which it calls "table".
        values: what the template names.
    """
    loader = jinja2.DictLoader({"table": TABLE, "page": template})
    templates = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    templates.filters["shown"] = shown
    return without_password(templates.get_template("page").render({"sheet": site_style()} | values))
