"""Draw the two pictures of lesson 13 as SVG: python tests/draw_precision.py [FOLDER] (images/ by default).

Their paper is transparent, and every ink is readable on white and on near black.
"""

import sys
from html import escape
from pathlib import Path

from lib import viz

ROOT = Path(__file__).resolve().parent.parent
INKS = {viz.VERMILION: "#ffffff", viz.ORANGE: "#000000", viz.BLUE: "#ffffff", viz.GREEN: "#ffffff", viz.GREY: "#ffffff"}


def svg(width, height, title, parts):
    """Return an SVG document; its title is what a screen reader says."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    style = "font-family: system-ui, 'DejaVu Sans', sans-serif"
    return "\n".join([f'{head} role="img" style="{style}">', f"<title>{escape(title)}</title>", *parts, "</svg>\n"])


def text(x, y, words, size=14, colour=viz.GREY, anchor="start", weight="normal"):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def box(x, y, width, height, colour, lines=(), size=14):
    """Return a filled box with centred lines of text."""
    parts = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="{colour}"/>']
    first = y + height / 2 + 0.35 * size - (len(lines) - 1) * 0.65 * size
    for number, line in enumerate(lines):
        weight = "bold" if number == 0 else "normal"
        parts.append(
            text(x + width / 2, round(first + 1.3 * size * number, 1), line, size, INKS[colour], "middle", weight)
        )
    return "\n".join(parts)


def arrow(points):
    """Return a line through points with a head at its end."""
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{viz.GREY}" stroke-width="2" marker-end="url(#head)"/>'


HEAD = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    f'orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{viz.GREY}"/></marker></defs>'
)


def formats():
    """Draw the bits of each format, one box a bit, by what they are for."""
    cell, left, row = 19, 130, 46
    parts = []
    legend = [(viz.VERMILION, "sign"), (viz.ORANGE, "exponent: range"), (viz.BLUE, "mantissa: spacing")]
    for number, (colour, name) in enumerate(legend):
        x = left + (0, 80, 240)[number]
        parts += [box(x, 8, 16, 16, colour), text(x + 22, 21, name)]
    for number, (name, (exponent, mantissa)) in enumerate(viz.FORMATS.items()):
        y = 42 + row * number
        parts.append(text(left - 12, y + 16, name, anchor="end", weight="bold"))
        colours = [viz.VERMILION] + [viz.ORANGE] * exponent + [viz.BLUE] * mantissa
        parts += [box(left + cell * place, y, cell - 2, 24, colour) for place, colour in enumerate(colours)]
        parts.append(text(left + cell * len(colours) + 8, y + 16, f"1 + {exponent} + {mantissa}", size=13))
    return svg(840, 42 + row * len(viz.FORMATS), "The bits of the number formats", parts)


def step():
    """Draw a training step: what runs in 32 bits, and what in 16."""
    wide, low, sums = viz.BLUE, viz.ORANGE, viz.GREEN
    parts = [HEAD]
    for x, colour, name in ((20, wide, "32 bits"), (120, low, "16 bits"), (220, sums, "32 bits inside a 16-bit layer")):
        parts += [box(x, 8, 16, 16, colour), text(x + 22, 21, name)]
    parts += [
        box(20, 60, 150, 60, wide, ["input", "as it arrives"]),
        box(230, 60, 300, 60, low, ["layers, forward", "activations, 16-bit copies of the weights"], 13),
        box(590, 60, 150, 60, wide, ["softmax, loss", "times the loss scale"], 13),
        box(590, 250, 150, 60, low, ["gradient", "of the 16-bit output"], 13),
        box(230, 250, 300, 60, low, ["layers, backward", "gradients that travel through the layers"], 13),
        box(20, 250, 150, 60, wide, ["weights' gradients", "divided by the scale"], 12),
        box(20, 155, 150, 60, wide, ["master weights", "optimizer, update"], 13),
        box(245, 155, 130, 60, sums, ["sums inside", "matrix products"], 12),
        box(385, 155, 130, 60, sums, ["all of batch", "normalization"], 12),
        arrow([(170, 90), (228, 90)]),
        text(199, 82, "cast", 12, anchor="middle"),
        arrow([(530, 90), (588, 90)]),
        text(559, 82, "cast", 12, anchor="middle"),
        arrow([(665, 120), (665, 248)]),
        text(673, 188, "back", 12),
        arrow([(590, 280), (532, 280)]),
        arrow([(230, 280), (172, 280)]),
        text(201, 272, "cast", 12, anchor="middle"),
        arrow([(95, 250), (95, 217)]),
        arrow([(170, 185), (205, 185), (205, 110), (228, 110)]),
        text(210, 150, "copy", 12),
    ]
    return svg(760, 330, "One training step under a mixed policy", parts)


PICTURES = {"precision_formats.svg": formats, "precision_step.svg": step}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (folder / name).write_text(draw(), encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "images")
