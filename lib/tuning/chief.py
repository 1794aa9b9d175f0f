"""KerasTuner's own chief and workers: what it has for many machines, started and stopped here by one call.

Chief and workers speak KerasTuner's gRPC. Over a pipe the chief tells whoever started it ("port", number) once,
("trial", ended, best score) after each trial, and at last ("ended",) or ("fatal", error); it is sent the number of a worker
that has died, and puts its trial back.
"""

import contextlib
import json
import os
import shutil
import time
import traceback
from multiprocessing.connection import wait

from lib.machine import cores
from lib.tuning import child, processes
from lib.tuning.parallel import check
from lib.tuning.progress import Progress
from lib.tuning.ready import Seeds, wrap_build
from lib.tuning.resume import DEATHS_AT_MOST, LOG, put_back, quiet_oracle, repair

PATIENCE = 0.2  # seconds that a worker without a trial waits before it asks again; KerasTuner's asks at once


def chief_search(tuner, *fit_args, workers=None, verbose=1, **fit_kwargs):
    """Run `tuner.search(*fit_args, **fit_kwargs)` with KerasTuner's chief and workers, each a process of its own.

    The chief serves the Oracle over gRPC on a free port of the loopback, and each worker asks it for trials, as they
    would from other machines. KerasTuner cannot encrypt that, nor ask who speaks: at a port that a network reaches,
    anybody could read the trials and write scores, so only KerasTuner's own variables, set by hand, open one.

    Three things are repaired that KerasTuner leaves open: a worker that dies is replaced, and its trial given out again,
    where the chief would wait for it for ever; a worker that has no trial to run waits instead of asking without a pause;
    and the chief ends with the last trial, not up to 20 s later. The results are in `tuner` afterwards. When the search is
    stopped, the same call goes on.

    Args:
        tuner: A `keras_tuner.Tuner`.
        *fit_args: As for `tuner.search`. Arrays, not `tf.data.Dataset`.
        workers: Number of worker processes beside the chief. None: as many as cores this process may use.
        verbose: 1 for the line of progress, 0 for none.
        **fit_kwargs: As for `tuner.search`.

    Returns:
        The tuner.

    Raises:
        ValueError: `workers` is no positive whole number.
        TypeError: Something that the workers need cannot be sent to another process.
        RuntimeError: Too many trials failed one after another, or workers do not start.
    """
    count = processes.count_workers(workers)
    check(tuner, fit_args, fit_kwargs)
    folder = os.path.join(tuner.project_dir, "job")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    repair(tuner.oracle)
    tuner.save()
    try:
        with quiet_oracle(tuner):
            payload = processes.pack(tuner, fit_args, {**fit_kwargs, "verbose": 0}, True, folder)
            _Cluster(tuner, count, payload, folder, Progress(verbose)).run()
    finally:
        tuner.reload()  # the chief's state is on disk
        repair(tuner.oracle)
        shutil.rmtree(folder, ignore_errors=True)
    return tuner


class _Cluster:
    """A chief and its workers, watched by the process that started them."""

    def __init__(self, tuner, count, payload, folder, progress):
        import cloudpickle

        self.tuner, self.count, self.payload, self.progress = tuner, count, payload, progress
        self.oracle = os.path.join(folder, "oracle.pickle")
        with open(self.oracle, "wb") as file:
            cloudpickle.dump(tuner.oracle, file)
        self.workers = {}
        self.deaths = 0
        self.ended = False

    def run(self):
        """Start the chief, then the workers, and watch until the chief has ended the search."""
        total = getattr(self.tuner.oracle, "max_trials", None)
        self.progress.start(total, None, len(self.tuner.oracle.end_order), 0, None, self.count)
        processes.warm_up()
        self.pipe, theirs = processes.pipe()
        try:
            self.chief = processes.start(_chief, theirs, self.oracle, self._log("chief"))
            theirs.close()
            while not self.ended:
                self._turn()
            for process in self.workers.values():
                process.join(timeout=10)  # each is told that there are no more trials
        except BaseException:
            self.progress.stopped = True
            raise
        finally:
            for process in [*self.workers.values(), self.chief]:
                process.kill()
                process.join()
            self.progress.end()

    def _log(self, name):
        return os.path.abspath(os.path.join(self.tuner.project_dir, f"{name}.log"))

    def _start_worker(self, number):
        threads = max(1, cores() // self.count)
        arguments = (self.port, os.path.abspath(self.payload), self._log(f"worker-{number}"), number, threads)
        self.workers[number] = processes.start(_work, *arguments)

    def _turn(self):
        """Receive what the chief says, and see which workers are still there."""
        by_sentinel = {process.sentinel: number for number, process in self.workers.items()}
        for ready in wait([self.pipe, *by_sentinel], timeout=1.0):
            if ready is self.pipe:
                self._receive()
            elif not self.ended:
                self._replace(by_sentinel[ready])
        self.progress.tick()

    def _receive(self):
        try:
            name, *values = self.pipe.recv()
        except EOFError:
            raise RuntimeError(f"the chief of the search has died; what it said is in {self._log('chief')}") from None
        if name == "port":
            self.port = values[0]
            for number in range(self.count):
                self._start_worker(number)
        elif name == "trial":
            self.deaths = 0
            self.progress.trial(*values, 0)
        elif name == "fatal":
            raise values[0]
        self.ended = name == "ended"

    def _replace(self, number):
        """Tell the chief of a worker that has gone, and start another, unless it has only come to its end."""
        process = self.workers.pop(number)
        process.join()
        if process.exitcode == 0:
            return
        self.deaths += 1
        if self.deaths > 2 * max(self.count, DEATHS_AT_MOST):
            raise RuntimeError(f"the workers of the search die; what they said is in {self._log(f'worker-{number}')}")
        self.pipe.send(number)
        self._start_worker(number)


def _tuner_id(number):
    return f"worker{number}"


# --- the chief's process


def _chief(pipe, oracle, log):
    """Serve the Oracle until it has no more trials and nobody runs one."""
    child.begin(log, os.path.dirname(oracle))
    try:
        _serve(pipe, child.load(oracle), os.path.join(os.path.dirname(log), LOG))
        pipe.send(("ended",))
    except BaseException as error:
        traceback.print_exc()
        with contextlib.suppress(OSError):
            pipe.send(("fatal", child.picklable(error)))
    child.end()


def _serve(pipe, oracle, log):
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from keras_tuner.src import protos

    hands = ThreadPoolExecutor(max_workers=1)  # as KerasTuner has it: the Oracle does one thing at a time
    server, servicer = grpc.server(hands), _servicer(oracle, log)
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    # Port 0: the system gives one that is free, and nobody can take it in between.
    pipe.send(("port", server.add_insecure_port("127.0.0.1:0")))
    server.start()
    deaths, told = {}, 0
    while oracle.ongoing_trials or oracle.tuner_ids or not servicer.stop_triggered:
        if pipe.poll(0.1):
            hands.submit(_put_back, oracle, _tuner_id(pipe.recv()), deaths).result()
        if len(oracle.end_order) > told:
            told, best = len(oracle.end_order), oracle.get_best_trials(1)
            pipe.send(("trial", told, best[0].score if best else None))
    server.stop(grace=1).wait()
    oracle.save()


def _servicer(oracle, log):
    from keras_tuner.src.distribute.oracle_chief import OracleServicer

    class Servicer(OracleServicer):
        """KerasTuner's, which also writes down who ran what, and when."""

        began = {}  # noqa: RUF012  one chief a process

        def CreateTrial(self, request, context):
            response = super().CreateTrial(request, context)
            self.began[response.trial.trial_id] = request.tuner_id, time.time()
            return response

        def EndTrial(self, request, context):
            response = super().EndTrial(request, context)
            tuner_id, start = self.began[request.trial.trial_id]
            row = {
                "trial_id": request.trial.trial_id, "worker": int(tuner_id.removeprefix("worker")),
                "start": round(start, 3), "seconds": round(time.time() - start, 3),
                "status": oracle.trials[request.trial.trial_id].status,
            }
            with open(log, "a") as file:
                file.write(json.dumps(row) + "\n")
            return response

    return Servicer(oracle)


def _put_back(oracle, tuner_id, deaths):
    """Give the trial of a dead worker out again, unless it kills every worker."""
    oracle.tuner_ids.discard(tuner_id)
    trial = oracle.ongoing_trials.get(tuner_id)
    if trial is None:
        return
    deaths[trial.trial_id] = deaths.get(trial.trial_id, 0) + 1
    if deaths[trial.trial_id] < DEATHS_AT_MOST:
        put_back(oracle, tuner_id)
    else:
        trial.status, trial.message = "FAILED", f"its worker process died {DEATHS_AT_MOST} times: killed, or out of memory"
        oracle.end_trial(trial)


# --- a worker's process


def _work(port, payload, log, number, threads):
    """Run trials until the chief has none left."""
    child.begin(log, os.path.dirname(payload))
    os.environ |= {
        "KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port), "KERASTUNER_TUNER_ID": _tuner_id(number),
    }
    status = 1
    try:
        child.use_threads(threads, number)
        job = child.load(payload)
        tuner = job["tuner"]
        tuner.oracle, tuner.tuner_id = _client(tuner.oracle), _tuner_id(number)
        if tuner.hypermodel is not None:
            wrap_build(tuner, job, tuner.oracle.seeds)
        tuner.search(*job["args"], **job["kwargs"])
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        child.end(status)


def _client(values):
    from keras_tuner.src.distribute.oracle_client import OracleClient

    class Client(OracleClient):
        """KerasTuner's, which waits a moment when there is no trial yet, and seeds each trial by its number."""

        def __init__(self, values):
            super().__init__(values)
            self.seeds = Seeds(values.seed)

        def create_trial(self, tuner_id):
            while (trial := super().create_trial(tuner_id)).status == "IDLE":
                time.sleep(PATIENCE)
            self.seeds.begin(trial.trial_id)
            return trial

    return Client(values)
