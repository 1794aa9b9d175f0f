"""A page that tells a story with its pictures, in one file that needs no network and no kernel, for a screen and for paper."""

from html import escape

import pandas as pd

from lib.files import replace_text

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .7em; text-align: right; border-bottom: 1px solid #8886; }
tbody th { text-align: left; font-weight: 600; }
caption, figcaption { text-align: left; padding: .3em 0; max-width: calc(100vw - 2rem); opacity: .85; }
figure { margin: 1em 0; }
@page { margin: 15mm; }
@media print {
  :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10pt; }
  h2 { break-after: avoid; } figure, table, .plotly-graph-div { break-inside: avoid; } .modebar { display: none; }
}
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style>{scripts}</head>
<body><main><h1>{title}</h1>
{parts}
</main></body></html>
"""


def write_story(path, title, parts):
    """Write a page.

    Args:
        path: of the .html file, in a folder that exists.
        title: str.
        parts: list of what the page tells, in its order: a str is a paragraph, or a heading where it begins with "# "; a
            DataFrame is a table, whose caption is its `attrs["caption"]`; a plotly Figure is drawn, and bears in its
            `layout.meta["alt"]` what it shows in words. plotly.js stands in the page once, where there is a figure.

    Returns:
        The Path of the file.
    """
    scripts = ""
    if any(hasattr(part, "to_plotly_json") for part in parts):
        from plotly.offline import get_plotlyjs

        scripts = f"<script>{get_plotlyjs()}</script>"
    told = "\n".join(_html(part, f"figure-{place}") for place, part in enumerate(parts, start=1))
    replace_text(path, PAGE.format(title=escape(title), style=STYLE, scripts=scripts, parts=told))
    return path


def _html(part, name):
    if isinstance(part, str):
        heading = part.startswith("# ")
        return f"<h2>{escape(part[2:])}</h2>" if heading else f"<p>{escape(part)}</p>"
    if isinstance(part, pd.DataFrame):
        return _table(part)
    alt = escape(str((part.layout.meta or {}).get("alt", "")))
    title = part.layout.title.text
    part = type(part)(part).update_layout(title_text=None, margin_t=80)  # a title under the figure breaks into lines on a phone
    drawn = part.to_html(full_html=False, include_plotlyjs=False, div_id=name, config={"responsive": True, "displaylogo": False})
    return f'<figure role="figure" aria-label="{alt}">{drawn}<figcaption>{escape(str(title or ""))}</figcaption></figure>'


def _table(frame):
    """Return a table with a head for each row, which scrolls by itself where a screen is narrow."""
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>' + "".join(f"<td>{escape(_text(value))}</td>" for value in row) + "</tr>"
        for name, row in zip(frame.index, frame.itertuples(index=False), strict=True)
    )
    caption = f"<caption>{escape(frame.attrs['caption'])}</caption>" if frame.attrs.get("caption") else ""
    table = f"<table>{caption}<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def _text(value):
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)
