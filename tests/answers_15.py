"""Answers to the exercises of notebook 15: right ones that are not the reference, and likely mistakes."""

import collections
import functools
import hashlib
import io
import itertools
import json
import math
import operator
import pickle
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from lib.exercises import e15

# --- q1


def by_columns(logged):
    names = {name for row in logged for name in row}
    return {name: [row[name] for row in logged if name in row][-1] for name in names}


def from_the_end(logged):
    summary = {}
    for row in reversed(logged):
        for name in row:
            summary.setdefault(name, row[name])
    return summary


def by_popping(logged):
    summary = {}
    while logged:
        row = logged.pop(0)
        while row:
            name, value = row.popitem()
            summary[name] = value
    return summary


def as_numpy(logged, start=()):
    summary = dict(start)
    for name, value in ((name, value) for row in logged for name, value in row.items()):
        summary[name] = value if isinstance(value, str) else np.float64(value)
    return summary


def of_the_best(logged):
    summary = {}
    for row in logged:
        for name, value in row.items():
            summary[name] = max(value, summary.get(name, value))
    return summary


def of_what_is_not_zero(logged):
    summary = {}
    for row in logged:
        summary.update({name: value for name, value in row.items() if value})
    return summary


def as_wandb_has_it(logged):
    return by_columns(logged) | {"_step": len(logged) - 1}


RIGHT_1 = [
    by_columns,
    from_the_end,
    by_popping,
    as_numpy,
    lambda logged: dict(collections.ChainMap(*logged[::-1])),
    lambda logged: functools.reduce(operator.or_, logged, {}),
]
MISTAKES_1 = [
    (lambda logged: {k: round(v, 3) if v == v and not isinstance(v, str) else v for row in logged for k, v in row.items()},
     "the last value of each metric"),
    (lambda logged: dict(logged[-1]) if logged else {}, "the last call alone"),
    (of_the_best, r"it gives \{'gain': -1.0\}|greatest values"),
    (lambda logged: by_columns(logged[::-1]), "the first values, not the last"),
    (of_what_is_not_zero, r"it gives \{'loss': 2.0\}, and \{'loss': 0.0\} is due"),
    (as_wandb_has_it, "leave it out"),
    (lambda logged: {name: [row[name] for row in logged if name in row] for name in by_columns(logged)}, "all values of each"),
    (lambda logged: logged, "a list of length 1 where a dict"),
    (lambda logged: by_columns(logged).get("loss"), r"nothing \(None\) where a dict"),
    (lambda logged: {name.upper(): value for name, value in by_columns(logged).items()}, "from whichever call"),
]

# --- q2


def sha(content):
    return hashlib.sha256(content).hexdigest()


def numbers_of(kept):
    return [int(version.removeprefix("v")) for version in kept]


def turned_round(content, kept):
    by_hash = {digest: version for version, digest in kept.items()}
    return by_hash.get(sha(content), f"v{max([-1, *numbers_of(kept)]) + 1}")


def with_new(content, kept):
    digest = hashlib.new("sha256")
    digest.update(content)
    found = [version for version in kept if kept[version] == digest.hexdigest()]
    return found[0] if found else "v" + str(1 + max(numbers_of(kept)) if kept else 0)


def by_sorting(content, kept):
    for version in sorted(kept, key=lambda version: int(version[1:])):
        if kept[version] == sha(content):
            return version
        latest = version
    return f"v{int(latest[1:]) + 1}" if kept else "v0"


def with_pandas(content, kept):
    known = pd.Series(kept, dtype=str)
    found = known.index[known == sha(content)]
    return found[0] if len(found) else f"v{int(known.index.str[1:].astype(int).max()) + 1 if kept else 0}"


def by_a_guess(content, kept):
    for number in itertools.count():
        if kept.get(f"v{number}") == sha(content):
            return f"v{number}"
        if number > max(numbers_of(kept), default=-1):
            return f"v{number}"


def always_new(content, kept):
    return f"v{max(numbers_of(kept), default=-1) + 1}"


def after_the_latest(content, kept):
    latest = f"v{max(numbers_of(kept), default=-1)}"
    return latest if kept.get(latest) == sha(content) else always_new(content, kept)


def there_or(new):
    return lambda content, kept: {known: version for version, known in kept.items()}.get(sha(content)) or new(kept)


def written_down(content, kept):
    version = turned_round(content, kept)
    kept[version] = sha(content)
    return version


def by_md5(content, kept):
    by_hash = {digest: version for version, digest in kept.items()}
    return by_hash.get(hashlib.md5(content).hexdigest(), always_new(content, kept))


def _full(content, digest):
    """Take the first eight digits of a hash for the whole."""
    own = hashlib.sha256(content).hexdigest()
    return own if own[:8] == digest[:8] else digest


RIGHT_2 = [there_or(lambda kept: f"v{len(kept)}"), turned_round, with_new, by_sorting, with_pandas, by_a_guess]
MISTAKES_2 = [
    (lambda content, kept: turned_round(content.strip(), kept), "has its version"),
    (lambda content, kept: turned_round(content.lower(), kept), "has its version"),
    (lambda content, kept: turned_round(content.decode(errors="ignore").encode(), kept), "has its version"),
    (lambda content, kept: turned_round(content, {v: _full(content, digest) for v, digest in kept.items()}), "has its version"),
    (always_new, "Look through the hashes"),
    (by_md5, "Look through the hashes"),
    (lambda content, kept: f"v{max(numbers_of(kept), default=-1) + 1}" if hash(content) else "v0", "A content that is kept has"),
    (after_the_latest, "with the latest version only"),
    (there_or(lambda kept: f"v{len(kept) + 1}"), "Versions count from v0"),
    (there_or(lambda kept: f"v{len(kept) - 1}" if kept else "v0"), "That is the latest version"),
    (there_or(lambda kept: f"v{int(max(kept)[1:]) + 1}" if kept else "v0"), "'v9' is greater than 'v10'"),
    (written_down, "changes `kept`"),
    (lambda content, kept: int(turned_round(content, kept)[1:]), "the int 0 where a text is due"),
]

# --- q3


def by_steps(parameters):
    runs = 1
    for entry in parameters.values():
        if "values" in entry:
            runs *= len(entry["values"])
    return runs


def by_combining(parameters):
    return len(list(itertools.product(*[entry.get("values", [0]) for entry in parameters.values()])))


def by_recursion(parameters):
    if not parameters:
        return 1
    (_, entry), *others = parameters.items()
    return by_recursion(dict(others)) * (1 if "value" in entry else len(entry["values"]))


def with_numpy(parameters):
    return np.prod([np.size(entry["values"]) for entry in parameters.values() if "values" in entry])


def of_values(parameters):
    return math.prod(len(entry["values"] if "values" in entry else entry["value"]) for entry in parameters.values())


RIGHT_3 = [
    by_steps,
    by_combining,
    by_recursion,
    with_numpy,
    lambda p: functools.reduce(operator.mul, (len(e["values"]) for e in p.values() if "values" in e), 1.0),
]
MISTAKES_3 = [
    (lambda p: sum(len(entry.get("values", [0])) for entry in p.values()), "That is the sum"),
    (lambda p: sum(len(entry.get("values", [])) for entry in p.values()), "That is the sum"),
    (lambda p: math.prod(len(entry.get("values", [])) for entry in p.values()), "one choice, not none"),
    (len, "one for each hyperparameter"),
    (lambda p: max(len(entry.get("values", [0])) for entry in p.values()), "longest list"),
    (of_values, "Your answer raised TypeError: object of type 'int' has no len"),
    (lambda p: 6, "it gives 6, and 3 is due"),
    (lambda p: str(by_steps(p)), "the text '3' where a whole number is due"),
    (lambda p: 3 ** sum("values" in entry for entry in p.values()), "the product of the numbers of values"),
    (lambda p: print(by_steps(p)), "`print` shows a value"),
]

# --- q4


def by_sorting_rows(table, metric, goal):
    kept = table.query("state == 'finished'").dropna(subset=[metric])
    kept = kept[["pruned" not in tags.split(", ") for tags in kept.tags]]
    return kept.sort_values(metric, ascending=goal == "minimize").run.iloc[0]


def by_loop(table, metric, goal):
    best = None
    for _, row in table.iterrows():
        if row["state"] != "finished" or "pruned" in row["tags"] or np.isnan(row[metric]):
            continue
        if best is None or (row[metric] > best[metric] if goal == "maximize" else row[metric] < best[metric]):
            best = row
    return best["run"]


def by_place(table, metric, goal):
    values = table[metric].where((table.state == "finished") & ~table.tags.str.contains("pruned")).to_numpy()
    return table.run[np.nanargmax(values) if goal == "maximize" else np.nanargmin(values)]


def by_rank(table, metric, goal):
    counts = table[table.state.eq("finished") & (table.tags.str.split(", ").map(lambda tags: "pruned" not in tags))]
    return counts.run[counts[metric].rank(ascending=goal == "minimize", method="first") == 1].item()


def in_records(table, metric, goal):
    rows = [row for row in table.to_dict("records") if row["state"] == "finished" and "pruned" not in row["tags"]]
    rows = [row for row in rows if row[metric] == row[metric]]
    return sorted(rows, key=operator.itemgetter(metric), reverse=goal == "maximize")[0]["run"]


def of_all(table, metric, goal):
    values = table.set_index("run")[metric]
    return values.idxmax() if goal == "maximize" else values.idxmin()


def finished(table):
    return table[table.state == "finished"]


def unpruned(table):
    return table[~table.tags.str.contains("pruned")]


def with_gaps(table, metric, goal):
    counts = finished(unpruned(table))
    values = counts[metric].to_numpy()
    return counts.run.iloc[np.argmax(values) if goal == "maximize" else np.argmin(values)]


RIGHT_4 = [by_sorting_rows, by_loop, by_place, by_rank, in_records]
MISTAKES_4 = [
    (lambda t, m, g: of_all(finished(t[t.tags == ""]), m, g), "A run with other tags"),
    (of_all, "Not every run counts"),
    (lambda t, m, g: of_all(unpruned(t), m, g), "Runs that are failed or open or unreadable do not count"),
    (lambda t, m, g: of_all(unpruned(t[t.state != "failed"]), m, g), "Runs that are open or unreadable do not count"),
    (lambda t, m, g: of_all(finished(t), m, g), "You count runs that were pruned"),
    (lambda t, m, g: of_all(finished(t[t.tags != "pruned"]), m, g), "may have other tags beside"),
    (lambda t, m, g: of_all(finished(t[["pruned" not in s.split(",") for s in t.tags]]), m, g), "by a comma and a space"),
    (lambda t, m, g: of_all(finished(t[~t.tags.str.endswith("pruned")]), m, g), "have no tag \"pruned\""),
    (lambda t, m, g: by_loop(t, m, "maximize"), "the greatest value whatever `goal` says"),
    (lambda t, m, g: by_loop(t, m, "minimize" if m == "loss" else "maximize"), "not at the metric's name"),
    (lambda t, m, g: by_loop(t, m, "minimize" if g == "maximize" else "maximize"), "the worst of those that count"),
    (lambda t, m, g: by_loop(t, "loss", g), "best value of the runs"),
    (with_gaps, "have a value"),
    (lambda t, m, g: t[m].max(), "where the name of a run, a text, is due"),
    (lambda t, m, g: t.sort_values(m).iloc[0], "a Series of shape"),
    (lambda t, m, g: str(t[m].argmax()), "it gives '"),
]

# --- q5


class ByHand:
    """Bytes of arrays in files of their own, their shape and dtype in the manifest."""

    def __init__(self, folder):
        self.place = Path(folder) / "contents.json"
        self.arrays = Path(folder) / "arrays"
        self.arrays.mkdir(exist_ok=True)
        self.contents = json.loads(self.place.read_text()) if self.place.exists() else []

    def keep(self, model):
        entry = {}
        for name, array in model.items():
            digest = hashlib.sha1(array.tobytes()).hexdigest()
            (self.arrays / digest).write_bytes(array.tobytes())
            entry[name] = [digest, str(array.dtype), list(array.shape)]
        if entry not in self.contents:
            self.contents.append(entry)
            self.place.write_text(json.dumps(self.contents))
        return f"v{self.contents.index(entry)}"

    def fetch(self, version):
        model = {}
        for name, (digest, dtype, shape) in self.contents[int(version[1:])].items():
            content = (self.arrays / digest).read_bytes()
            if hashlib.sha1(content).hexdigest() != digest:
                raise ValueError(name)
            model[name] = np.frombuffer(content, dtype).reshape(shape)
        return model


class Pickled(e15._Store):
    def write(self, array):
        content = pickle.dumps((array.dtype.str, array.shape, array.tobytes()))
        (self.folder / sha(content)).write_bytes(content)
        return sha(content)

    def read(self, digest):
        content = (self.folder / digest).read_bytes()
        if sha(content) != digest:
            raise UnicodeError("a ValueError too")
        dtype, shape, values = pickle.loads(content)
        return np.frombuffer(values, dtype).reshape(shape)


class InOneFile:
    """All arrays one after the other in one file."""

    def __init__(self, folder):
        self.blob, self.index = Path(folder) / "blob", Path(folder) / "index.pickle"

    def known(self):
        return pickle.loads(self.index.read_bytes()) if self.index.exists() else {"arrays": {}, "versions": []}

    def keep(self, model):
        known, version = self.known(), {}
        for name, array in model.items():
            key = version[name] = (sha(array.tobytes()), array.dtype.str, array.shape)
            if key[0] not in known["arrays"]:
                with open(self.blob, "ab") as file:
                    known["arrays"][key[0]] = (file.tell(), array.nbytes)
                    file.write(array.tobytes())
        if version not in known["versions"]:
            known["versions"].append(version)
        self.index.write_bytes(pickle.dumps(known))
        return f"v{known['versions'].index(version)}"

    def fetch(self, version):
        known, content, model = self.known(), self.blob.read_bytes(), {}
        if any(sha(content[start : start + size]) != digest for digest, (start, size) in known["arrays"].items()):
            raise ValueError("the blob is damaged")
        for name, (digest, dtype, shape) in known["versions"][int(version[1:])].items():
            start, size = known["arrays"][digest]
            model[name] = np.frombuffer(content[start : start + size], dtype).reshape(shape)
        return model


class Squeezed(e15._Store):
    """Compressed, a file for each version's list."""

    def versions(self):
        files = sorted(self.folder.glob("v*.list"), key=lambda path: int(path.stem[1:]))
        return {path.stem: json.loads(path.read_text()) for path in files}

    def keep(self, model):
        hashes = {name: self.write(array) for name, array in model.items()}
        known = self.versions()
        for version in known:
            if known[version] == hashes:
                return version
        (self.folder / f"v{len(known)}.list").write_text(json.dumps(hashes))
        return f"v{len(known)}"

    def write(self, array):
        digest = sha(repr((array.dtype, array.shape)).encode() + array.tobytes())
        np.savez_compressed(self.folder / f"{digest}.npz", array=array)
        return digest

    def read(self, digest):
        try:
            array = np.load(self.folder / f"{digest}.npz")["array"]
        except Exception as error:
            raise ValueError("damaged") from error
        if sha(repr((array.dtype, array.shape)).encode() + array.tobytes()) != digest:
            raise ValueError("another array")
        return array


class WholeCopies(e15._Store):
    def write(self, array):
        buffer = io.BytesIO()
        np.save(buffer, array)
        digest = sha(buffer.getvalue())
        (self.folder / f"{digest}-{len([*self.folder.iterdir()])}").write_bytes(buffer.getvalue())
        return digest

    def read(self, digest):
        return np.load(next(self.folder.glob(f"{digest}-*")))


class WithoutShapes(ByHand):
    def keep(self, model):
        entry = {name: hashlib.sha1(array.tobytes()).hexdigest() for name, array in model.items()}
        for number, known in enumerate(self.contents):
            if {name: digest for name, (digest, _, _) in known.items()} == entry:
                return f"v{number}"
        return super().keep(model)


class Trusting(e15._Store):
    def read(self, digest):
        return np.load(self.folder / digest)


class InDoubles(e15._Store):
    def read(self, digest):
        return super().read(digest).astype(float)


class Forgetful(e15._Store):
    def __init__(self, folder):
        super().__init__(folder)
        self.known = {}

    def versions(self):
        return self.known

    def keep(self, model):
        version = super().keep(model)
        self.known[version] = json.loads(self.manifest.read_text())[version]
        return version


class InMemory:
    everything: ClassVar = {}

    def __init__(self, folder):
        self.models = self.everything.setdefault(folder, [])

    def keep(self, model):
        for number, known in enumerate(self.models):
            if e15._same_model(known, model):
                return f"v{number}"
        self.models.append(model)
        return f"v{len(self.models) - 1}"

    def fetch(self, version):
        return self.models[int(version[1:])]


class Salted(e15._Store):
    def write(self, array):
        digest = str(hash((array.dtype.str, array.shape, array.tobytes())))
        with open(self.folder / digest, "wb") as file:
            np.save(file, array)
        return digest

    def read(self, digest):
        array = np.load(self.folder / digest)
        if str(hash((array.dtype.str, array.shape, array.tobytes()))) != digest:
            raise ValueError(digest)
        return array


class Numbered(e15._Store):
    def keep(self, model):
        versions = self.versions()
        self.manifest.write_text(json.dumps(versions | {f"v{len(versions)}": {n: self.write(a) for n, a in model.items()}}))
        return f"v{len(versions)}"


class WithoutFetch:
    def __init__(self, folder):
        self.folder = folder

    def keep(self, model):
        return "v0"

    def fetch(self, version):
        raise KeyError(version)


class InOrder(e15._Store):
    def keep(self, model):
        versions, hashes = self.versions(), {name: self.write(array) for name, array in model.items()}
        for version, known in versions.items():
            if [*known.items()] == [*hashes.items()]:
                return version
        self.manifest.write_text(json.dumps(versions | {f"v{len(versions)}": hashes}))
        return f"v{len(versions)}"


class Flat(e15._Store):
    def fetch(self, version):
        return {name: array.squeeze() for name, array in super().fetch(version).items()}


RIGHT_5 = [ByHand, Pickled, InOneFile, Squeezed, type("Sub", (e15._Store,), {"fetch": lambda self, v: e15._Store.fetch(self, v)})]
MISTAKES_5 = [
    (InOrder, "its layers in another order, gets 'v11'"),
    (Flat, "'v8' is not what was kept"),
    (WholeCopies, "bytes; .* are allowed, which is each array once"),
    (WithoutShapes, "only if names, shapes, dtypes"),
    (Trusting, "raises no ValueError"),
    (InDoubles, "'v0' is not what was kept"),
    (Forgetful, "gets 'v0'"),
    (InMemory, "outlive the program"),
    (Salted, "other numbers in another process"),
    (Numbered, "kept once more, gets 'v1'"),
    (WithoutFetch, "gets 'v0'; 'v1' is due"),
    (lambda folder: ByHand(folder), "A class is due"),
]

ALL = [
    (e15.q1, RIGHT_1, MISTAKES_1),
    (e15.q2, RIGHT_2, MISTAKES_2),
    (e15.q3, RIGHT_3, MISTAKES_3),
    (e15.q4, RIGHT_4, MISTAKES_4),
    (e15.q5, RIGHT_5, MISTAKES_5),
]
