"""A learner's function in a process of its own: what salted hashes, process numbers and global counters change there."""

import inspect
import os
import pickle
import subprocess
import sys

from lib.exercises.asking import is_learners

CODE = """
import os, pickle, sys
out = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what an answer prints goes elsewhere
sys.path[:] = pickle.load(sys.stdin.buffer)
function, calls = pickle.load(sys.stdin.buffer)
pickle.dump([function(*call) for call in calls], out)
out.flush()
os._exit(0)
"""


def elsewhere(function, calls, answer=None, seconds=60):
    """Call a function in a fresh process, in which texts have other hashes.

    Args:
        function: it is sent by value if it is a learner's.
        calls: a list of tuples of arguments.
        answer: a learner's function among the arguments, if there is one.
        seconds: how long to wait.

    Returns:
        A list of the results; None where the function cannot be sent, or did not come to an end there.
    """
    import cloudpickle

    module = inspect.getmodule(answer or function)
    by_value = module and module.__name__ != "__main__" and is_learners(getattr(module, "__file__", None) or "<string>")
    try:
        if by_value:
            cloudpickle.register_pickle_by_value(module)
        sent = pickle.dumps(sys.path) + cloudpickle.dumps((function, calls))
        environment = {**os.environ, "PYTHONHASHSEED": "random"}
        ended = subprocess.run([sys.executable, "-c", CODE], input=sent, capture_output=True, timeout=seconds, env=environment)
        return pickle.loads(ended.stdout)
    except Exception:  # whatever an answer does to pickle: what cannot be sent is not judged there
        return None
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)
