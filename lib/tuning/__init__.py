"""What Keras and KerasTuner lack: fast training steps, parallel search, and the price of a search beforehand."""

from lib.tuning.budget import brackets
from lib.tuning.chief import chief_search
from lib.tuning.fast import fast
from lib.tuning.parallel import search
from lib.tuning.price import plan
from lib.tuning.processes import warm_up
from lib.tuning.resume import search_log
from lib.tuning.simulated import amdahl, simulate, simulate_asking
from lib.tuning.studies import optimize, study_log


def __getattr__(name):
    """Import scikit-learn, which takes two seconds, only for who asks for its estimators."""
    if name not in ("KerasClassifier", "KerasRegressor"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lib.tuning import sklearn_wrapper

    return getattr(sklearn_wrapper, name)
