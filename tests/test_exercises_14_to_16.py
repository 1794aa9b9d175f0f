"""What the checks of notebooks 14 to 16 take for right, against TensorBoard, SciPy and trying everything."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lib.exercises import e14, e15, e16

pytestmark = [pytest.mark.lesson(number) for number in ("14", "15", "16")]


def page_order(frame, folder):
    """Return the names of hyperparameters as TensorBoard's backend sends them to its page."""
    import tensorflow as tf
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api, api_pb2, backend_context, get_experiment

    for number, row in enumerate(frame.astype(object).to_dict("records")):
        with tf.summary.create_file_writer(str(folder / f"{number}")).as_default():
            api.hparams(row, trial_id=str(number))
    runs = EventMultiplexer().AddRunsFromDirectory(str(folder))
    runs.Reload()
    context = backend_context.Context(TBContext(data_provider=MultiplexerDataProvider(runs, str(folder))))
    asked = get_experiment.Handler(RequestContext(), context, "", api_pb2.GetExperimentRequest())
    return [info.name for info in asked.run().hparam_infos]


@pytest.mark.parametrize("place", [2, 4, 6, 9, 12])
def test_the_page_hides_what_the_exercise_says(place, tmp_path):
    frame = e14._searches()[place]
    assert page_order(frame, tmp_path)[5:] == e14._hidden(frame) == e14._order(frame)[5:]


def test_a_search_to_stop_early_needs_both_patience_and_thrift():
    rng = np.random.default_rng(14)
    searches = [e14._search(rng) for _ in range(e14.SEARCHES)]
    leads = [ends[curves[:, 0].argmax()] >= ends.max() - e14.NEAR for curves, ends in searches]
    assert sum(leads) < e14.ENOUGH / 2, "who leads after one epoch seldom leads in the end"


@pytest.mark.parametrize("rows", [2, 5, 20])
def test_of_the_runs_that_count_one_is_best(rows):
    table = e15._runs(np.random.default_rng(rows), rows)
    counts = table[(table.state == "finished") & ~table.tags.str.contains("pruned")].dropna()
    assert len(counts) >= 2 and counts.gain.is_unique and counts.loss.is_unique
    for metric in ("gain", "loss"):
        ordered = counts.sort_values(metric).run
        assert e15._best(table, metric, "minimize") == ordered.iloc[0]
        assert e15._best(table, metric, "maximize") == ordered.iloc[-1]


def test_the_models_of_a_store_are_all_different():
    models = e15._models()
    assert not [pair for pair in itertools.combinations(models, 2) if e15._same_model(*pair)]
    assert all(e15._same_model(model, {name: array.copy() for name, array in model.items()}) for model in models)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=12))
def test_crossings_are_kendalls_discordant_pairs(points):
    left, right = np.array(points).T
    crossed, met, side = (e16._counted(left, right, sign) for sign in (-1, 0, 1))
    assert crossed + met + side == len(points) * (len(points) - 1) // 2
    if len({*left}) > 1 and len({*right}) > 1:
        ties = [sum(a == b for a, b in itertools.combinations(values.tolist(), 2)) for values in (left, right)]
        pairs = crossed + met + side
        tau = (side - crossed) / np.sqrt((pairs - ties[0]) * (pairs - ties[1]))
        assert tau == pytest.approx(stats.kendalltau(left, right).statistic)


@given(st.integers(2, 6), st.integers(0, 1000))
def test_the_best_order_is_that_of_trying_them_all(size, seed):
    links = np.random.default_rng(seed).random((size, size))
    links = links + links.T
    sums = [sum(links[pair] for pair in itertools.pairwise(order)) for order in itertools.permutations(range(size))]
    assert e16._most(links) == pytest.approx(max(sums))


def test_the_links_are_spearmans():
    for frame in e16._tables():
        assert np.allclose(e16._links(frame), frame.corr("spearman").abs())
        assert frame.columns.is_unique and isinstance(frame, pd.DataFrame)
