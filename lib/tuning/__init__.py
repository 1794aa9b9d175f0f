"""What Keras and KerasTuner lack: fast training steps, parallel search, and the price of a search beforehand."""

from lib.tuning.budget import brackets
from lib.tuning.chief import chief_search
from lib.tuning.fast import fast
from lib.tuning.parallel import search, search_log
from lib.tuning.price import plan
from lib.tuning.processes import warm_up
from lib.tuning.sklearn_wrapper import KerasClassifier, KerasRegressor
from lib.tuning.studies import optimize, study_log
