"""What lib uses of other libraries that they do not promise to keep: one table, and a test for each name that it is there.

A new version of a library then says in one line what has moved, and which module of lib has to follow it.
"""

import ast
import importlib
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from kit.notebooks import ROOT

# Private is what begins with one underscore, what lies in a package `src`, and these, which no documentation names.
UNDOCUMENTED = (
    "tensorboard.compat.", "tensorboard.plugins.hparams.", "tensorboard.plugins.scalar.", "tensorboard.summary.writer.",
    "tensorflow.python.", "wandb.util.",
)
DOCUMENTED = {"os._exit", "tensorboard.plugins.hparams.api", "_runtime", "_step", "_timestamp", "_test_score"}

# name (`module: word` for a word that stands in a module's source); the modules of lib that use it; what for
TABLE = [
    ("keras.Model._compile_config", "tuning/fast",
     "tells one call of compile from the next; get_compile_config is new each time"),
    ("keras.Model._flatten_layers", "lighter/checks precision tuning/fast tuning/shared exercises/e03 exercises/e13",
     "layers inside layers; `.layers` ends at an LSTM's cell"),
    ("keras.Model._symbolic_build", "tuning/fast",
     "metrics and optimizer built without a step; `build` makes the layers only"),
    ("keras.layers.Layer._inbound_nodes", "precision",
     "every call of a shared layer; `.output` is the first one's"),
    ("keras.src.ops.function: _nodes_by_depth", "lighter/checks",
     "the calls of one model; a layer's own list has those in others too"),
    ("keras.src.models.sequential: _functional", "lighter/checks", "where a Sequential keeps its graph"),
    ("keras.src.optimizers.base_optimizer: _exclude_from_weight_decay", "tuning/shared", "in no config of an optimizer"),
    ("keras.src.optimizers.base_optimizer: _exclude_from_weight_decay_pattern", "tuning/shared", "the same"),
    ("keras.src.backend.common.global_state.get_global_attribute", "tuning/sklearn_wrapper",
     "names numbered afresh in every fit, so that history_ always has `auc`; clear_session would drop the caller's models"),
    ("keras.src.backend.common.global_state.set_global_attribute", "tuning/sklearn_wrapper", "the same"),
    ("keras.src.utils.naming: object_name_uids", "tuning/sklearn_wrapper", "the same"),
    ("keras.src.trainers.data_adapters.array_data_adapter.ArrayDataAdapter", "tuning/fast",
     "arrays checked and cast as fit does it"),
    ("keras.src.trainers.data_adapters.array_data_adapter.ArrayDataAdapter._inputs", "tuning/fast",
     "the arrays that came out of that"),
    ("keras.src.trainers.data_adapters.array_data_adapter.can_convert_arrays", "tuning/fast",
     "what fit takes for arrays"),
    ("keras.src.trainers.data_adapters.array_slicing.convert_to_sliceable", "tuning/fast", "dtypes as fit casts them"),
    ("keras.src.trainers.data_adapters.array_slicing.train_validation_split", "tuning/fast",
     "the rows of validation_split; keras.utils.split_dataset makes datasets"),
    ("keras.src.trainers.trainer.model_supports_jit", "tuning/fast", "the layers that XLA cannot compile"),
    ("keras_tuner.Oracle._duplicate", "tuning/optuna_oracle exercises/e04",
     "what has been tried; lesson 04 teaches it"),
    ("keras_tuner.Oracle._save_trial", "tuning/optuna_oracle exercises/e04",
     "overridden: a trial's file is replaced whole, and a check writes nothing"),
    ("keras_tuner.Oracle._project_dir", "tuning/optuna_oracle", "the folder, named in an error"),
    ("keras_tuner.Oracle._random_values", "exercises/e04", "a point that is new; lesson 04 teaches it"),
    ("keras_tuner.Oracle._max_collisions", "tuning/optuna_oracle", "how often KerasTuner's own oracles ask again"),
    ("keras_tuner.Oracle._retry_queue", "tuning/optuna_oracle tuning/resume", "trials given out before any new one"),
    ("keras_tuner.Oracle._get_trial_dir", "tuning/resume",
     "the folder of a trial that the Oracle never heard of; a Tuner has it public"),
    ("keras_tuner.Tuner._build_hypermodel", "tuning/cross_validation", "overridden, to seed each fold's model"),
    ("keras_tuner.Tuner._configure_tensorboard_dir", "tuning/cross_validation", "a folder of its own for each fold"),
    ("keras_tuner.Tuner._deepcopy_callbacks", "tuning/cross_validation",
     "with KerasTuner's words where they cannot be copied"),
    ("keras_tuner.Tuner._is_worker", "tuning/worker", "a worker leaves the saving to the caller"),
    ("keras_tuner.Tuner._override_compile_args", "tuning/ready",
     "the tuner's own compile, after which a model is made fast again"),
    ("keras_tuner.Tuner._run_and_update_trial", "tuning/cross_validation",
     "overridden, to report each fold for itself"),
    ("keras_tuner.Tuner._try_build", "tuning/cross_validation",
     "the model of a trial, built again where it is too large"),
    ("keras_tuner.src.distribute.oracle_chief.OracleServicer", "tuning/chief",
     "KerasTuner's chief has no public class"),
    ("keras_tuner.src.distribute.oracle_client.OracleClient", "tuning/chief", "nor have its workers"),
    ("keras_tuner.src.protos.get_service_grpc", "tuning/chief", "the service that both speak"),
    ("keras_tuner.src.engine.hypermodel.DefaultHyperModel", "tuning/ready",
     "tells a function from a HyperModel of the caller's"),
    ("keras_tuner.src.engine.tuner_utils.TunerCallback", "tuning/cross_validation", "calls the tuner after each epoch"),
    ("keras_tuner.src.engine.tuner_utils.convert_to_metrics_dict", "tuning/cross_validation",
     "what a fit may return, as KerasTuner reads it"),
    ("keras_tuner.src.engine.tuner_utils.validate_trial_results", "tuning/cross_validation",
     "the same, refused in its words"),
    ("keras_tuner.src.utils.save_json", "tuning/resume",
     "replaced while a search runs, so that a kill leaves no half file"),
    ("optuna.distributions.BaseDistribution._contains", "tuning/optuna_oracle",
     "whether a value lies in the space; `suggest_…` only warns"),
    ("sklearn.utils.validation._check_sample_weight", "tuning/sklearn_wrapper",
     "the weights as every estimator checks them"),
    ("tensorboard.compat: notf", "dashboard",
     "TensorBoard without TensorFlow's seconds of import; only its build has a switch"),
    ("tensorboard.compat.proto.event_pb2.Event", "trackers/hparams", "event files written without TensorFlow"),
    ("tensorboard.plugins.hparams.api_pb2", "trackers/hparams",
     "the metrics and domains of an experiment; `api` wants TensorFlow"),
    ("tensorboard.plugins.hparams.metadata", "trackers/hparams",
     "the names under which a run's hyperparameters are read again"),
    ("tensorboard.plugins.hparams.plugin_data_pb2", "trackers/hparams", "the same"),
    ("tensorboard.plugins.hparams.summary", "trackers/hparams", "the records of an experiment and of its runs"),
    ("tensorboard.plugins.scalar.summary_v2.scalar_pb", "trackers/hparams", "a metric's record"),
    ("tensorboard.summary.writer.record_writer.RecordWriter", "trackers/hparams", "an event file without a thread of its own"),
    ("tensorflow.python.framework.ops", "compiled",
     "its `uid` numbers a traced function's name, and XLA's folder finds a program only under its name"),
    ("wandb.sdk.wandb_run: _wandb", "trackers/runs", "what W&B adds to a run's settings, left out of the learner's"),
    ("wandb.util.get_core_path", "trackers/runs",
     "the program that reads a run's file; the command around it imports for half a second"),
]


# What only an instance has is looked for in the cheapest one.
def _compiled():
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def _oracle():
    import keras_tuner

    return keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective("score", "max"))


ADAPTER = "keras.src.trainers.data_adapters.array_data_adapter.ArrayDataAdapter"
INSTANCES = {
    "keras.Model": _compiled,
    "keras.layers.Layer": lambda: _resolve("keras.layers.Layer")(),
    "keras_tuner.Oracle": _oracle,
    ADAPTER: lambda: _resolve(ADAPTER)(np.zeros((2, 1))),
}


def _resolve(dotted):
    """Import as much of a dotted name as is a module, and get the rest of it."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise AttributeError(dotted)


def _is_there(name):
    if ": " in name:
        module, word = name.split(": ")
        return word in inspect.getsource(_resolve(module))
    owner = name.rpartition(".")[0]
    try:
        _resolve(name)
    except AttributeError:
        return owner in INSTANCES and hasattr(INSTANCES[owner](), name.rpartition(".")[2])
    return True


@pytest.mark.parametrize("name, where", [row[:2] for row in TABLE], ids=[row[0] for row in TABLE])
def test_it_is_there(name, where):
    assert _is_there(name), f"{name} has moved; it is used by lib/{where}"


@pytest.mark.parametrize("name", [
    "keras.Model._no", "keras_tuner.Oracle._no", "keras.src.no", "no.no", "tensorboard.compat: no_such_word",
])
def test_what_is_not_there_is_missed(name):
    assert not _is_there(name)


# --- lib, looked through


def _private_imports(tree):
    """Yield the name in the module, and the dotted name, of all that is private in another library and imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(alias.asname or alias.name, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
        else:
            continue
        for own, dotted in names:
            if re.search(r"\.src\.|\._", dotted) or dotted.startswith(UNDOCUMENTED):
                yield own, dotted


def private_names(source):
    """Find what a module uses that is private to others.

    Args:
        source: str, of the module.

    Returns:
        A set of str: dotted names for what is imported, last names for attributes, methods and keys.
    """
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    of_self = {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "self"}
    stored = {node.attr for node in attributes if isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"}
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    ours = stored | defined
    in_classes = {item.name for node in nodes if isinstance(node, ast.ClassDef) for item in node.body
                  if isinstance(item, ast.FunctionDef)}
    found = {name for name in in_classes - of_self if re.fullmatch(r"_[a-z]\w*[a-z]", name)}  # overridden
    for node in attributes:
        dotted = ast.unparse(node)
        if re.match(r"_[a-z]", node.attr) and node.attr not in ours and dotted not in DOCUMENTED:
            found.add(node.attr)
        if re.fullmatch(r"\w+\.src\.[\w.]+", dotted):
            found.add(dotted)
    in_strings = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in in_strings}
    found |= {word for word in words if isinstance(word, str) and re.fullmatch(r"_[a-z]\w*", word)} - ours
    for own, dotted in _private_imports(tree):
        used = {f"{dotted}.{node.attr}" for node in attributes if ast.unparse(node.value) == own}
        module = not dotted.startswith(UNDOCUMENTED) and used
        found |= used if module else {dotted}
    return found - DOCUMENTED


def test_the_table_is_lib_s():
    used = set()
    for path in sorted((ROOT / "lib").rglob("*.py")):
        where = path.relative_to(ROOT / "lib").with_suffix("").as_posix()
        source = path.read_text(encoding="utf-8")
        rows = [name for name, modules, _ in TABLE if where in modules.split()]
        for key in private_names(source):
            row = [name for name in rows if name == key or name.endswith((f".{key}", f": {key}"))]
            assert row, f"lib/{where}.py uses {key}, which is private: use a public name, or give it a row in TABLE"
            used |= {(row[0], where)}
        used |= {(name, where) for name in rows if ": " in name and re.search(rf"\b{name.split(': ')[1]}\b", source)}
    stale = [(name, where) for name, modules, _ in TABLE for where in modules.split() if (name, where) not in used]
    assert not stale, f"rows that lib does not use any more: {stale}"


@pytest.mark.parametrize("source, found", [
    ("import a.src.b", {"a.src.b"}),
    ("from a.src import b\nb.c()", {"a.src.b.c"}),
    ("from a import _b", {"a._b"}),
    ("def f(model):\n    return model._private", {"_private"}),
    ("def f(model):\n    model._private = 1", {"_private"}),
    ("class A(B):\n    def _hook(self):\n        pass", {"_hook"}),
    ("class A(B):\n    def _own(self):\n        return self._own()", set()),
    ("class A:\n    def __init__(self):\n        self._x = 1\ndef f(a):\n    return a._x", set()),
    ("def f(row):\n    return row['_key']", {"_key"}),
    ("def f(name):\n    return f'{name}_key'", set()),
    ("import os\nos._exit(1)", set()),
])
def test_what_the_scan_sees(source, found):
    assert private_names(source) == found


# --- what an import costs


def test_the_search_is_imported_without_what_it_may_not_need():
    heavy = {"sklearn", "scipy", "pandas", "optuna", "keras", "keras_tuner", "tensorflow"}
    code = f"import sys, lib.tuning; print(*sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout == "\n"
    code = "from lib.tuning import KerasClassifier as C; import pickle; assert pickle.loads(pickle.dumps(C)) is C"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
