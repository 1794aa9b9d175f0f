"""What stands over a run's notebooks: metrics.json, and index.html as a table of them all."""

import json
from html import escape

from lib.files import replace_text

STYLE = """
:root { color-scheme: light dark; --line: #d0d4da; --soft: #5c6672; --bad: #b3261e; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --line: #3b4149; --soft: #a2acb8; --bad: #f2b8b5; --link: #a8c7fa; } }
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
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Course run</title><style>{style}</style></head>
<body>
<h1>Course run</h1>
<p>{summary}</p>
<div class="wide"><table>
<thead><tr><th>Notebook</th><th>Status</th><th class="number">Seconds</th><th>Metrics</th><th>Parameters changed</th></tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</body>
</html>
"""


def write_report(out, outcomes, planned, profile="lesson"):
    """Write metrics.json and index.html over what has run so far.

    Args:
        out: Path of the run's folder.
        outcomes: list of `Outcome`, in order.
        planned: how many notebooks the run was to have.
        profile: name of the profile, for the page.
    """
    metrics = {outcome.info.name: outcome.metrics for outcome in outcomes}
    replace_text(out / "metrics.json", json.dumps(metrics, indent=1, ensure_ascii=False) + "\n")
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    summary = f"{len(outcomes)} of {planned} notebooks ran, {failed} failed, {seconds:.0f} s, profile {profile}."
    rows = "\n".join(_row(outcome) for outcome in outcomes)
    replace_text(out / "index.html", PAGE.format(style=STYLE, summary=escape(summary), rows=rows))


def _row(outcome):
    info = outcome.info
    status = "done"
    if outcome.error:
        where = f"at “{escape(outcome.heading)}”: " if outcome.heading else ""
        status = f'<span class="failed">failed</span><small>{where}{escape(outcome.error)}</small>'
    return (
        f'<tr><td><a href="{info.name}.html">{escape(info.title)}</a><small>{info.name}</small></td>'
        f'<td>{status}</td><td class="number">{outcome.seconds:.1f}</td>'
        f"<td>{_pairs(outcome.metrics)}</td><td>{_pairs(outcome.values)}</td></tr>"
    )


def _pairs(values):
    def shown(value):
        return f"{value:,.4g}" if isinstance(value, float) else str(value)

    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(shown(value))}</dd>" for name, value in values.items())
    return f"<dl>{pairs}</dl>" if pairs else ""
