"""Figures of the course, from a trials frame or a training history: `*_data` computes, `plot_*` only draws."""

from lib.viz.effects import gates_data, path_data, plot_gates, plot_map, plot_matrix, plot_slices, thinned
from lib.viz.ensembles import (
    bags_data,
    decomposition_data,
    pairs_data,
    plot_bags,
    plot_dots,
    plot_pairs,
    plot_points,
    plot_reliability,
    plot_stages,
    reliability_data,
    stages_data,
    trend_data,
)
from lib.viz.folds import (
    division_data,
    fold_scores_data,
    inner_outer_data,
    plot_division,
    plot_fold_scores,
    plot_inner_outer,
    plot_validation_curve,
    validation_curve_data,
)
from lib.viz.front import front_data, places_data, plot_front
from lib.viz.living_brush import narrowed_data, plot_narrowed
from lib.viz.living_models import (
    flips_data,
    plot_flips,
    plot_gaining,
    plot_ridges,
    plot_scaling,
    ridges_data,
    weights_by_round,
)
from lib.viz.living_search import (
    climb_data,
    margins_data,
    plot_climb,
    plot_margins,
    plot_thinking,
    plot_tournament,
    tournament_data,
)
from lib.viz.living_teams import budgets_data, joining_data, plot_budgets, plot_joining
from lib.viz.look import BLUE, GOOD, GREEN, GREY, ORANGE, PURPLE, SKY, TIME, VERMILION, layout
from lib.viz.optuna_figures import dress, timeline_data
from lib.viz.parallel import brushable, parallel_data, plot_parallel, selected
from lib.viz.precision import FORMATS, bits_data, costs_data, gradients_data, plot_costs
from lib.viz.report import (
    best_of_data,
    diagnosis_data,
    edges_data,
    halves_data,
    isolation_data,
    plot_diagnosis,
    plot_edges,
    plot_isolation,
)
from lib.viz.samples import (
    confusion_data,
    deviations_data,
    pictures_data,
    plot_confusion,
    plot_deviations,
    plot_pictures,
    plot_variants,
)
from lib.viz.search import (
    intermediates_data,
    journey_data,
    plot_intermediates,
    plot_journey,
    plot_proposals,
    proposals_data,
)
from lib.viz.still import plot_still, still_data
from lib.viz.training import (
    bands_data,
    curves_data,
    history_data,
    plot_bands,
    plot_curves,
    plot_history,
    plot_parts,
    plot_spread,
    plot_weights,
    spread_data,
    weights_data,
)
from lib.viz.workers import busy_data, plot_busy, plot_shifts, plot_speedup, shifts_data, speedup_data
