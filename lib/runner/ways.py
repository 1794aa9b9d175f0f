"""Ways through the course, the whole of it or less: which lessons, how much of each, and how long that takes."""

import math
from dataclasses import dataclass

from lib.errors import UNREADABLE, CourseError, short


@dataclass(frozen=True)
class Way:
    """A way through the course.

    `stops` are pairs: a `NotebookInfo`, and how many of its sittings belong to the way. `most` are the hours that it may take,
    None where that does not matter.
    """

    name: str
    purpose: str
    most: float | None
    stops: tuple

    @property
    def minutes(self):
        """Return how long it takes, by what the lessons say of themselves."""
        return sum(info.minutes or 0 if count >= info.sittings else info.rests[count - 1] or 0 for info, count in self.stops)

    @property
    def time(self):
        """Return how long it takes in words, to the next half hour."""
        return f"about {math.ceil(self.minutes / 30) / 2:g} hours"

    def trusts(self):
        """Return what its lessons need and it leaves out, a list of pairs: a `NotebookInfo`, and the name of what it needs."""
        before, found = set(), []
        for info, _ in self.stops:
            found += [(info, name) for name in info.needs if name not in before]
            before.add(info.name)
        return found

    def lessons(self, write=lambda info: info.number):
        """Return its lessons in words; `write` is a function from a `NotebookInfo` to what stands for it."""
        rest = {1: " to its rest", 2: " to its second rest"}
        parts = [write(info) + (rest[count] if count < info.sittings else "") for info, count in self.stops]
        whole = len(parts) > 9 and not any(count < info.sittings for info, count in self.stops)
        return f"{parts[0]} to {parts[-1]}" if whole else ", ".join(parts)


def read_ways(folder, infos):
    """Read ways.yaml.

    Args:
        folder: Path of the notebooks.
        infos: list of `NotebookInfo`, all of the folder.

    Returns:
        A list of `Way`; without those that go through a lesson which is not there. Empty where there is no such file.

    Raises:
        CourseError: the file is not YAML, or not of that shape.
    """
    path = folder / "ways.yaml"
    if not path.exists():
        return []
    import yaml  # a folder without ways does not wait for it

    known = {info.number: info for info in infos}
    ways = []
    try:
        for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            counts = {number: known[number].sittings for number in known} if entry["lessons"] == "all" else entry["lessons"]
            if counts.keys() <= known.keys():
                stops = tuple((known[number], int(count)) for number, count in counts.items())
                ways.append(Way(name, entry["purpose"], entry.get("hours"), stops))
    except (OSError, yaml.YAMLError, *UNREADABLE) as error:
        raise CourseError(f"{path.name} cannot be read: {short(error, 300)}") from None
    return ways
