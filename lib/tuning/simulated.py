"""A search on many workers, simulated: nothing is trained, only the books are kept of who would run what when."""

import heapq
import math

from lib import arrays


def amdahl(serial, workers):
    """Say how many times as fast several workers are by Amdahl's law.

    Args:
        serial: Share of one worker's time that cannot be divided, from 0 to 1.
        workers: Number of workers, 1 or more.

    Returns:
        A float: 1 for one worker, and never more than 1 / serial.

    Raises:
        CourseError: a share that is none, or less than one worker.

    Source: Gene Amdahl, "Validity of the Single Processor Approach to Achieving Large Scale Computing Capabilities", 1967.
    """
    serial = arrays.number("serial", serial, least=0)
    workers = arrays.number("workers", workers, least=1)
    if serial > 1:
        raise arrays.refused("serial", serial, "a share, 1 at most")
    return 1 / (serial + (1 - serial) / workers)


def simulate(seconds, workers, begin=0.0):
    """Give trials of known lengths, in their order, to workers, each to the one that is free first.

    Args:
        seconds: Iterable of the trials' lengths, each 0 or more.
        workers: Number of workers, int of 1 or more.
        begin: Moment at which all workers are free, in seconds.

    Returns:
        A list of dicts, one a trial, as `lib.viz.plot_shifts` takes them: trial_id (its place, from 0), worker, start,
        seconds and status.

    Raises:
        CourseError: less than one worker, or a length below 0.
    """
    left = iter(enumerate(seconds))

    def give(worker, now, ended):
        trial, length = next(left, (None, None))
        return None if trial is None else {"trial_id": trial, "seconds": length}

    return simulate_asking(give, workers, begin=begin)


def simulate_asking(give, workers, begin=0.0, until=math.inf):
    """Simulate workers that ask for something to do whenever they are free.

    Args:
        give: Function of a worker's number, the time, and the row that this worker has just ended (None at first). It
            returns a dict with `seconds`, how long the worker is busy now (0 or more), and whatever else belongs to the
            row; or None if there is nothing to do: then it is asked for this worker again when the next other one is free.
        workers: Number of workers, int of 1 or more.
        begin: Moment at which all workers are free, in seconds.
        until: Moment at which all stop; what runs then is cut off.

    Returns:
        A list of dicts in the order of their starts: what `give` returned, with worker, start, seconds and status.

    Raises:
        CourseError: less than one worker, or `seconds` below 0.
    """
    workers = arrays.whole("workers", workers, least=1)
    free = [(begin, worker, None) for worker in range(workers)]  # a heap: its first entry is the worker that is free next
    waiting, rows = [], []
    while free and free[0][0] < until:
        now, worker, ended = heapq.heappop(free)
        row = give(worker, now, ended)
        asked_again, waiting = waiting, []
        if row is None:
            waiting = [*asked_again, worker]
            continue
        for other in asked_again:
            heapq.heappush(free, (now, other, None))
        if not row["seconds"] >= 0:  # nor is NaN
            raise arrays.refused("seconds", row["seconds"], "0 or more")
        row = {**row, "worker": worker, "start": now, "status": "COMPLETED"}
        rows.append(row)
        heapq.heappush(free, (now + row["seconds"], worker, row))
    return [row | {"seconds": min(row["seconds"], until - row["start"])} for row in rows]
