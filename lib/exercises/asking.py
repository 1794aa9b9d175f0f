"""An answer as a check meets it: every call gets copies and a clock, and what goes wrong in it is told by stage."""

import contextlib
import copy
import functools
import inspect
import io
import linecache
import reprlib
import sysconfig
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib import places
from lib.errors import first_line
from lib.exercises.kinds import Kind, Other, anything
from lib.exercises.limits import Clock, TimeUp


class Wrong(Exception):
    """Raised by a check: what is wrong with an answer, and what to look at."""


class Blank(Exception):
    """Raised by a check, or found before it runs: there is no answer yet."""


class Asked:
    """An answer, wrapped for its check: call it as the answer is called.

    A call hands over copies of its arguments, so that no answer gains or loses by changing them; it stops when the time is
    up; it raises `Wrong` for an error, `sys.exit`, or a result of another kind than is due; and it returns the result in that
    kind's one form.

    Args:
        answer: what the learner handed over: a function, a class, a value.
        due: a `kinds.Kind`, what a call returns.
        name: what the answer is called in sentences, the reference's name.
        parameters: the names of the reference's parameters, for arguments that are no plain data.
        seconds: that all its calls have together, a number.

    Attributes:
        raw: the answer as it was handed over.
        printed: what the last call printed, or the one that a check tells of.
    """

    def __init__(self, answer, due, name, parameters, seconds):
        self.raw, self.due, self.name = answer, due, name
        self._parameters = parameters
        self.printed = ""
        self._clock = Clock(seconds, is_learners)

    def __call__(self, *args, **named):
        """Return the answer's result for copies of these arguments.

        Raises:
            Wrong, Blank: see the class.
        """
        call = self.shown(*args, **named)
        self._fits(call, args, named)
        with self.told(call):
            result = self.raw(*map(copied, args), **{name: copied(value) for name, value in named.items()})
        if result is ...:
            raise Blank
        try:
            return self.due(result)
        except Other as other:
            hint = ""
            if result is None:
                hint = " Does every way through it end with a `return`?"
                if self.printed.strip():
                    hint = " It printed something: `print` shows a value, `return` hands it over."
            raise Wrong(f"For {call} your answer returned {other}.{hint}") from None

    def _fits(self, call, args, named):
        """Raise Wrong if the answer's signature cannot take these arguments."""
        try:
            signature = inspect.signature(self.raw)
        except (TypeError, ValueError):
            return  # a function of another language tells no signature
        try:
            signature.bind(*args, **named)
        except TypeError:
            raise Wrong(f"It is called as {call}, and your answer takes {signature}.") from None

    @contextlib.contextmanager
    def told(self, where, using=""):
        """Run a block in which the answer's own code is called, by a tuner or by Keras; its errors become `Wrong`.

        Args:
            where: what is called, for the sentence, as "build(hp)".
            using: where the block works with what the answer made, and an error is the made thing's although none of the
                answer's lines is to be seen: what was made, as "Your model".

        Raises:
            Wrong: the answer's code raised something, called sys.exit, or ran out of time.
        """
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out), self._clock.running():
                yield
        except (Wrong, Blank):
            raise
        except TimeUp as error:
            seconds = f"{self._clock.seconds:g} seconds"
            raise Wrong(f"Your answer ran for {seconds} and was stopped{_line(error)}, for {where}.") from None
        except SystemExit as error:
            raise Wrong(
                f"Your answer called sys.exit(){_line(error)}, which ends a program. A function ends with `return`."
            ) from None
        except Exception as error:
            line = _line(error)
            if using and not line:
                raise Wrong(f"{using} raised {_said(error)}, for {where}.") from None
            if not line and _from_inside(error):
                raise
            raise Wrong(f"Your answer raised {_said(error)}{line}, for {where}.") from None
        finally:
            self.printed = out.getvalue() or self.printed

    def shown(self, *args, **named):
        """Return a call of the answer as one would write it, shortened."""
        names = [*self._parameters, *["…"] * len(args)]
        words = [brief(value) if is_data(value) else name for name, value in zip(names, args, strict=False)]
        words += [f"{name}={brief(value) if is_data(value) else '…'}" for name, value in named.items()]
        return f"{self.name}({', '.join(words)})"


def is_data(value):
    """Say whether a value is plain data, which can be shown: numbers, texts, arrays, frames, and what holds them."""
    if isinstance(value, np.random.Generator):
        return False
    return value is None or isinstance(value, PLAIN) or type(value).__module__.partition(".")[0] in ("numpy", "pandas")


def copied(value):
    """Return a copy of plain data (numbers in lists, tuples, dicts, sets, arrays, frames); anything else as it is."""
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(copied, value))
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return copy.deepcopy(value)
    if type(value).__module__.partition(".")[0] == "pandas":
        return value.copy()
    return value


@dataclass
class Seen:
    """An answer seen from one side, for `core.over_cases`: what is judged is made of its result.

    Args:
        answer: the `Asked`.
        call: takes a case; asks the answer, and returns what is judged.
        shown: takes a case; returns the call in words.
        due: the `kinds.Kind` of what is judged.
    """

    answer: Asked
    call: Callable
    shown: Callable
    due: Kind = anything

    def __call__(self, *case):
        return self.call(*case)

    @property
    def printed(self):
        return self.answer.printed

    @printed.setter
    def printed(self, text):
        self.answer.printed = text


PLAIN = (int, float, str, bytes, list, tuple, dict, set, frozenset, range)
SHORT = reprlib.Repr()
SHORT.maxlist = SHORT.maxtuple = SHORT.maxset = SHORT.maxdict = 12
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 60


def brief(value):
    """Return a value as one would write it, in one line, shortened."""
    if isinstance(value, np.ndarray) and value.size <= 24:
        value = value.tolist()
    elif hasattr(value, "shape") and not isinstance(value, np.generic):
        return f"<{type(value).__name__.removeprefix('nd')} of shape {tuple(value.shape)}>"
    return " ".join(SHORT.repr(plain(value)).split())


def plain(value):
    """Return data with NumPy's scalars as Python's, and floats that differ from a short one by rounding as that."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def _said(error):
    return f"{type(error).__name__}: {first_line(error)}".removesuffix(": ")


@functools.cache
def is_learners(filename):
    """Say whether a file of code is a learner's: none of the kit's library, of Python, or of an installed package."""
    if not Path(filename).is_absolute():  # what was compiled of a text, or of Cython in a package
        return filename.startswith(("<string>", "<ipython", "<answer"))
    if "__autograph_generated_file" in filename:
        return False
    others = [places.ROOT / "lib", *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))]
    return not any(Path(filename).is_relative_to(other) for other in others)


def _frames(error):
    """Return the frames of a traceback that lie below the check, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    here = [place for place, frame in enumerate(frames) if frame.filename == __file__]
    return frames[here[-1] + 1 :] if here else frames


def _line(error):
    """Return words that point at the last line of the learner's own code in a traceback, or none."""
    own = [frame for frame in _frames(error) if is_learners(frame.filename)]
    if not own:
        return ""
    text = linecache.getline(own[-1].filename, own[-1].lineno).strip()
    return f", in its line {own[-1].lineno}" + (f", `{text[:80]}`" if text else "")


def _from_inside(error):
    """Say whether an error without a learner's line comes from the kit's own code in `lib/exercises`."""
    own = str(Path(__file__).parent)
    return any(frame.filename.startswith(own) for frame in _frames(error))
