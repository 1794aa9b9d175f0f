"""Minutes to spend on the stages of some work: a plan said before, a stage that ends in time, and what was really spent."""

import contextlib
import time

import pandas as pd

from lib import arrays
from lib.errors import CourseError, did_you_mean


class Purse:
    """A budget of minutes, shared out among stages; what one of them leaves, the next may spend, and what it overdraws it lacks.

    Only what runs inside `stage` counts, not the reading in between.

    Args:
        minutes: float, above 0.
        shares: dict from the names of the stages, in their order, to numbers that say how the minutes are divided.
        clock: function that returns seconds.

    Raises:
        CourseError: minutes or a share that is not above 0; a stage within another, whose seconds would count twice.
    """

    def __init__(self, minutes, shares, clock=time.monotonic):
        seconds = 60 * arrays.number("minutes", minutes, above=0)
        shares = {name: arrays.number(name, share, above=0) for name, share in shares.items()}
        self.planned = {name: seconds * share / sum(shares.values()) for name, share in shares.items()}
        self.spent = dict.fromkeys(shares, 0.0)
        self.stopped = dict.fromkeys(shares, 0)  # trainings that ended because the time was out
        self._clock = clock
        self._running = None  # the stage that runs, and when it began

    @contextlib.contextmanager
    def stage(self, name):
        """Count the seconds of a block, which may come again, to a stage."""
        self._check(name)
        if self._running:
            raise CourseError(f"The stage {name!r} cannot begin within {self._running[0]!r}: end that one first, then begin it.")
        began = self._clock()
        self._running = name, began
        try:
            yield
        finally:
            self._running = None
            self.spent[name] += self._clock() - began

    def left(self, name):
        """Return the seconds that a stage may still spend, less than 0 where the stages up to it have overdrawn."""
        self._check(name)
        names = list(self.planned)
        upto = names[: names.index(name) + 1]
        # A later stage lives on what these leave, and takes nothing from them.
        running = self._clock() - self._running[1] if self._running and self._running[0] in upto else 0.0
        return sum(self.planned[each] - self.spent[each] for each in upto) - running

    def ends(self, name):
        """Make a callback for `fit` that ends a training when the stage's time is out; `stopped` counts how often."""
        import keras

        self._check(name)
        purse = self

        class Ends(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if purse.left(name) <= 0 and not self.model.stop_training:
                    purse.stopped[name] += 1
                    self.model.stop_training = True

        return Ends()

    def frame(self):
        """Return a DataFrame, one row a stage and one for all: seconds planned and spent, trainings that were cut short."""
        columns = {"planned": self.planned, "spent": self.spent, "cut short": self.stopped}
        table = pd.DataFrame(columns)
        table.loc["all"] = table.sum()
        return table.astype({"cut short": int})

    def minutes(self, *names):
        """Return the minutes spent on some stages."""
        for name in names:
            self._check(name)
        return sum(self.spent[name] for name in names) / 60

    def _check(self, name):
        if name not in self.planned:
            known = ", ".join(self.planned)
            raise CourseError(f"There is no stage {name!r}; there are {known}.{did_you_mean(str(name), self.planned, repr)}")
