"""One line that says how far a search is, kept up to date in a notebook or a terminal."""

import sys
import time


class Progress:
    """Counts trials and epochs, and shows them as "trial 12 of 30, best 0.886, about 40 s left".

    Args:
        verbose: 0 shows nothing.
    """

    def __init__(self, verbose):
        self.verbose = verbose
        self.handle, self.shown, self.width = None, "", 0

    def start(self, trials, epochs, trials_done, epochs_done, best, workers):
        """Begin, perhaps in the middle: of a search that goes on, some trials are done already.

        Args:
            trials: Trials of the whole search, None if unknown.
            epochs: Epochs of the whole search, None if unknown.
            trials_done: Trials that are finished.
            epochs_done: Epochs that need not be trained any more.
            best: Best score so far, None if there is none.
            workers: Number of worker processes.
        """
        self.trials, self.epochs, self.best = trials, epochs, best
        self.trials_done, self.epochs_done = trials_done, epochs_done
        self.new_epochs, self.new_trials, self.began = 0, 0, time.monotonic()
        self.stopped = False
        self.show(f"starting {workers} worker{'s' if workers > 1 else ''}" + (
            f", {trials_done} trials done already" if trials_done else ""))

    def epoch(self, count=1):
        """Note epochs trained; fewer than none if a worker died with them."""
        self.new_epochs += count
        self.tick()

    def trial(self, done, best, epochs_saved):
        """Note a finished trial.

        Args:
            done: Trials finished in all.
            best: Best score so far.
            epochs_saved: Epochs the trial was to train and did not.
        """
        self.new_trials += done - self.trials_done
        self.trials_done, self.best = done, best
        self.epochs_done += epochs_saved
        self.tick(final=True)

    def tick(self, final=False):
        """Show the line again if it has changed; on a plain stream only when a trial has finished."""
        if final or self.live():
            self.show(self.line())

    def line(self):
        words = [f"trial {self.trials_done}" + (f" of {self.trials}" if self.trials else "")]
        if self.best is not None:
            words.append(f"best {self.best:.4g}")
        left = self.seconds_left()
        if left is not None:
            words.append(f"about {left} s left" if left < 120 else f"about {round(left / 60)} min left")
        return ", ".join(words)

    def seconds_left(self):
        """Estimate from the pace so far, by epochs where their number is known, else by trials."""
        elapsed = time.monotonic() - self.began
        if self.epochs is not None and self.new_epochs > 0:
            left = self.epochs - self.epochs_done - self.new_epochs
            return max(0, round(elapsed * left / self.new_epochs))
        if self.trials is not None and self.new_trials > 0:
            return max(0, round(elapsed * (self.trials - self.trials_done) / self.new_trials))
        return None

    def live(self):
        """Whether a line that has been shown can be replaced."""
        return in_notebook() or sys.stdout.isatty()

    def show(self, line):
        if not self.verbose or line == self.shown:
            return
        self.shown = line
        if in_notebook():
            self.show_in_notebook(line)
        elif sys.stdout.isatty():
            print("\r" + line.ljust(self.width), end="", flush=True)
            self.width = len(line)
        else:
            print(line, flush=True)

    def show_in_notebook(self, line):
        from IPython.display import display

        data = {"text/plain": line}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)

    def end(self):
        """Leave the last line standing."""
        seconds = time.monotonic() - self.began
        words = [f"trial {self.trials_done}" + (f" of {self.trials}" if self.trials else "")]
        if self.best is not None:
            words.append(f"best {self.best:.4g}")
        if self.stopped:
            words.append("stopped (the same call goes on from here)")
        self.show(", ".join([*words, f"{seconds:.0f} s"]))
        if self.verbose and not in_notebook() and sys.stdout.isatty():
            print()


def in_notebook():
    """Whether a Jupyter kernel runs this code."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")
