"""Choices that move: members that join their teams, and budgets that models fit into or do not."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.errors import CourseError
from lib.viz.front import WIDTH, places_data
from lib.viz.living import add_finding, animate, short, slider
from lib.viz.look import BLUE, GREEN, GREY, drawable, layout, style

# --- members join their teams


def joining_data(said, people=40):
    """Follow what teams say as their members join, about a few people, those first of whom all teams say the least.

    Args:
        said: predictions, shape (teams, members, people); the teams have training sets of their own.
        people: int, how many people to follow at most.

    Returns:
        A float array, shape (members, teams, people): what the mean of the first 1, 2, … members says; and what all
        members of all teams say on average, shape (people,), from the least to the most.
    """
    said = arrays.numbers("said", said)
    if said.ndim != 3 or not said.size:
        raise arrays.refused("said", f"shape {said.shape}", "(teams, members, people)")
    order = np.argsort(said.mean(axis=(0, 1)), kind="stable")
    kept = order[np.linspace(0, len(order) - 1, min(people, len(order))).round().astype(int)]
    counts = np.arange(1, said.shape[1] + 1)[None, :, None]
    means = np.cumsum(said[:, :, kept], axis=1) / counts
    return means.transpose(1, 0, 2), said[:, :, kept].mean(axis=(0, 1))


def plot_joining(said, variances, title, y_title):
    """Draw what each team says about the same people, and below the variance between teams; the slider adds members.

    Args:
        said: as for `joining_data`.
        variances: dict from a name to the variance between teams with 1, 2, … members, shape (members,).
        title, y_title: texts of the figure.
    """
    means, centre = joining_data(said)
    drawable(variances, "there are no variances")
    members, teams, people = means.shape
    states = {str(k): _joined(means[k - 1], k, variances) for k in range(1, members + 1)}
    opening = states[str(members)]
    figure = make_subplots(2, 1, row_heights=[0.66, 0.34], vertical_spacing=0.17)
    places = [*range(1, people + 1)]
    first = [value for line in means[0] for value in (*short(line), None)]
    across = [place for _ in range(teams) for place in (*places, None)]
    thin = {"mode": "lines", "hoverinfo": "skip", "row": 1, "col": 1}
    figure.add_scatter(x=across, line={"color": BLUE, "width": 1.2}, name=f"{teams} teams", **opening[0], **thin)
    figure.add_scatter(x=across, y=first, line={"color": GREY, "width": 0.8}, opacity=0.35, name="their first members", **thin)
    figure.add_scatter(x=places, y=short(centre), line={"color": GREEN, "width": 2.5}, name="all of them together", **thin)
    for number, (name, values) in enumerate(variances.items()):
        colour, dash, _ = style(number)
        figure.add_scatter(
            x=[*range(1, len(values) + 1)], y=short(values), mode="lines", line={"color": colour, "dash": dash}, name=name,
            hovertemplate="%{x} members: %{y:.4g}<extra>" + name + "</extra>", row=2, col=1,
        )
    dots = {"size": 9, "color": [style(number)[0] for number in range(len(variances))]}
    here = opening[3 + len(variances)]
    figure.add_scatter(mode="markers", marker=dots, hoverinfo="skip", showlegend=False, row=2, col=1, **here)
    figure.update_xaxes(title_text="people, from the least predicted to the most", row=1)
    figure.update_xaxes(title_text="members of a team", range=[0.5, members + 0.5], row=2)
    span = [float(means.min()), float(means.max())]
    figure.update_yaxes(title_text=y_title, range=span, row=1)
    figure.update_yaxes(title_text="variance", rangemode="tozero", row=2)
    layout(figure, title, 620)
    between = means.var(axis=1, ddof=1).mean(axis=1)
    finding = (
        f"Between the teams of one member the variance is {between[0]:.4g}, between those of {members} it is {between[-1]:.4g}."
    )
    return animate(figure, states, "Members:", finding, milliseconds=350)


def _joined(means, members, variances):
    """Return what changes in `plot_joining` by the number of the trace: what the teams say, and where the variances are."""
    heights = [values[members - 1] for values in variances.values()]
    lines = [value for line in means for value in (*short(line), None)]
    return {0: {"y": lines}, 3 + len(variances): {"x": [members] * len(heights), "y": short(heights)}}


# --- two budgets


def budgets_data(table, costs, gain, limits):
    """Find the models within both limits, and the one of them that gains most.

    Args:
        table: DataFrame, one row a model, its name in the index.
        costs: names of two columns, of what costs.
        gain: name of the column of what is to be had.
        limits: two floats, the most that either cost may be.

    Returns:
        A bool array, one a row, and the name of the best row within both, or None. What is unknown is not within.
    """
    known = table[[*costs, gain]].astype("Float64").astype(float)
    within = (known[list(costs)] <= list(limits)).all(axis=1) & known[gain].notna()
    return within.to_numpy(), known[gain][within].idxmax() if within.any() else None


def plot_budgets(table, costs, gain, title, cost_titles, gain_title):
    """Draw each model by its two costs, the larger the more it gains; two sliders cover with grey what is too dear.

    Args:
        table, costs, gain: as for `budgets_data`.
        title, gain_title: str; cost_titles: two of them, each with its unit.

    Raises:
        CourseError: no row has both costs and the gain, or a cost is not above 0.
    """
    known = table[[*costs, gain]].astype("Float64").astype(float).dropna()
    drawable(known, f"no row has {costs[0]!r}, {costs[1]!r} and {gain!r}")
    if known[list(costs)].min().min() <= 0:
        raise CourseError("costs: one is 0 or less, and a logarithmic axis begins above 0.")
    logs = np.log10(known[list(costs)].to_numpy())
    ends = np.stack([logs.min(axis=0) - 0.25, logs.max(axis=0) + 0.25])
    steps = [_round_limits(*10 ** ends[:, n]) for n in (0, 1)]
    figure = go.Figure()
    sizes = 7 + 15 * (known[gain] - known[gain].min()) / (np.ptp(known[gain]) or 1.0)
    figure.add_scatter(
        x=known[costs[0]], y=known[costs[1]], mode="markers+text", text=known.index, hoverinfo="text+name", name=gain_title,
        textposition=places_data(*logs.T, known.index), textfont={"size": 11}, showlegend=False,
        marker={"size": sizes, "color": BLUE, "opacity": 1, "line": {"color": GREY, "width": 1}},
        customdata=known[gain], hovertemplate="%{text}: %{customdata:.4f}<extra></extra>",
    )
    bars = []
    for number, name in enumerate(cost_titles):
        covers = {f"{limit:g}": _cover(number, limit, ends) for limit in steps[number]}
        last = list(covers)[-1]
        figure.add_scatter(
            mode="lines", fill="toself", fillcolor="rgba(125,125,125,0.75)", line={"width": 0}, hoverinfo="skip",
            showlegend=False, **covers[last],
        )
        words = [{"label": word, "method": "restyle", "args": [{axis: [new[axis]] for axis in "xy"}, [number + 1]]}
                 for word, new in covers.items()]
        bars.append(slider(words, f"At most, {name}:", top=45 + 85 * number, start=0.0))
    for axis, end, values, words in zip(("xaxis", "yaxis"), ends.T, steps, cost_titles, strict=True):
        figure.update_layout({axis: {
            "type": "log", "range": list(end), "tickvals": values, "ticktext": [f"{v:,g}" for v in values], "title_text": words,
        }})
    figure.update_layout(meta={"room": WIDTH + 100})  # as names have it that are placed for this width
    layout(figure, title, 640, showlegend=False)
    figure.update_layout(sliders=bars).update_xaxes(title_standoff=6)
    middle = [values[len(values) // 2] for values in steps]
    within, best = budgets_data(known, costs, gain, middle)
    best = f"the best of them is {best}, with {known[gain][best]:.4g}" if best else "none of them"
    finding = (
        f"Two sliders set the most that is allowed. Within {middle[0]:g} ({cost_titles[0]}) and {middle[1]:g} "
        f"({cost_titles[1]}) there are, of {len(known)} models: {within.sum()}; {best}."
    )
    return add_finding(figure, [finding])


def _round_limits(low, high):
    """Return 1, 2 and 5 times powers of ten between two numbers, and the first of them above."""
    series = [digit * 10.0**power for power in range(int(np.floor(np.log10(low))), 9) for digit in (1, 2, 5)]
    series = [float(f"{value:.1g}") for value in series if value >= low]
    return series[: 1 + next(place for place, value in enumerate(series) if value >= high)]


def _cover(axis, limit, ends):
    """Return the rectangle of all places where a cost lies above its limit."""
    corners = 10.0**ends
    corners[0, axis] = min(limit, corners[1, axis])
    (left, low), (right, high) = corners
    return {"x": short([left, right, right, left, left]), "y": short([low, low, high, high, low])}
