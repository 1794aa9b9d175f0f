"""One kind of error for what a person can mend: a single line, without a traceback."""


class CourseError(ValueError):
    """A mistake a person can mend, told in one line: what is wrong, where, what to do."""

    def _render_traceback_(self):
        # IPython asks an exception for this first: a learner then reads the line, not our stack.
        return [str(self)]
