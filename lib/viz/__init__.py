"""Figures of the course, from a trials frame or a training history: `*_data` computes, `plot_*` only draws."""

from lib.viz.bagging import bags_data, decomposition_data, plot_bags, plot_decomposition
from lib.viz.boosting import heavy_data, plot_heavy, plot_stages, stages_data
from lib.viz.crowds import gates_data, matrix_data, plot_gates, plot_matrix, thinned
from lib.viz.ensembles import (
    pairs_data,
    plot_pairs,
    plot_points,
    plot_price,
    price_data,
    trend_data,
)
from lib.viz.hypermodels import (
    fold_points_data,
    inner_outer_data,
    plot_fold_scores,
    plot_inner_outer,
    plot_variants,
    variants_data,
)
from lib.viz.lighter import places_data, plot_front, plot_weights, weights_data
from lib.viz.look import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, layout
from lib.viz.optuna_figures import (
    dress,
    intermediates_data,
    looked_data,
    plot_intermediates,
    plot_looked,
    plot_posterior,
    posterior_data,
    timeline_data,
)
from lib.viz.oracles import journey_data, plot_journey, plot_proposals, proposals_data
from lib.viz.parallel import (
    brushable,
    parallel_data,
    plot_parallel,
    selected,
)
from lib.viz.pictures import (
    confusion_data,
    pictures_data,
    plot_confusion,
    plot_pictures,
)
from lib.viz.precision import (
    FATES,
    FORMATS,
    bits_data,
    costs_data,
    gradients_data,
    plot_bits,
    plot_costs,
    plot_gradients,
)
from lib.viz.scale import (
    busy_data,
    plot_busy,
    plot_shifts,
    plot_speedup,
    shifts_data,
    speedup_data,
)
from lib.viz.search import (
    brackets_data,
    path_data,
    plot_brackets,
    plot_map,
    plot_slices,
    slices_data,
)
from lib.viz.still import plot_still, still_data
from lib.viz.tables import (
    coverage_data,
    division_data,
    folds_data,
    grid_data,
    plot_coverage,
    plot_division,
    plot_folds,
    plot_grid,
    plot_spreads,
    spreads_data,
)
from lib.viz.training import (
    bands_data,
    curves_data,
    history_data,
    plot_bands,
    plot_curves,
    plot_history,
    plot_parts,
    plot_spread,
    spread_data,
)
