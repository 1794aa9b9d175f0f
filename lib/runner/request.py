"""What `course run` is asked for: the chosen notebooks, each with the values it will run with."""

from lib.errors import UNREADABLE, CourseError, did_you_mean, short
from lib.runner.notebooks import resolve

PROFILES = ("smoke", "lesson", "full")


def plan(infos, words=(), profile="lesson", given=()):
    """Check a whole request before anything runs.

    Args:
        infos: list of `NotebookInfo`, all of the folder.
        words: names of notebooks; none means all.
        profile: "smoke", "lesson" or "full", from profiles.yaml beside the notebooks.
        given: pairs (name, text) of `-p`, applied after the profile to every chosen notebook that has the name.

    Returns:
        A list of pairs (`NotebookInfo`, dict of the values that are set).

    Raises:
        CourseError: an unknown notebook, profile or parameter, or a value of a wrong type or out of its range.
    """
    chosen = resolve(words, infos)
    profiles = read_profiles(chosen[0].path.parent) if profile != "lesson" else {}
    for name, _ in given:
        if not any(info.parameter(name) for info in chosen):
            raise CourseError(unknown_parameter(name, chosen))
    plans = []
    for info in chosen:
        values = profile_values(info, profiles, profile)
        mine = [(info.parameter(name), text) for name, text in given]
        try:
            values |= {parameter.name: parameter.parse(text) for parameter, text in mine if parameter}
        except CourseError as error:
            raise CourseError(f"{info.name}: {error}") from None
        plans.append((info, values))
    return plans


def read_profiles(folder):
    """Read profiles.yaml.

    Args:
        folder: Path of the notebooks.

    Returns:
        A dict {notebook name: {profile name: {parameter name: value}}}; empty where there is no such file.

    Raises:
        CourseError: the file is not YAML, or not of that shape.
    """
    import yaml  # only a profile needs it, and it would slow every other call

    path = folder / "profiles.yaml"
    if not path.exists():
        return {}
    try:
        profiles = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError, *UNREADABLE) as error:
        raise CourseError(f"{path.name} cannot be read: {short(error, 300)}") from None
    for notebook, entry in profiles.items() if isinstance(profiles, dict) else [(profiles, None)]:
        changes = entry.values() if isinstance(entry, dict) else [entry]
        if not all(isinstance(values, dict) for values in changes):
            raise CourseError(f"{path.name}: {notebook} must be a map from smoke or full to parameters.")
    return profiles


def profile_values(info, profiles, profile):
    """Return what a profile sets in one notebook.

    Args:
        info: a `NotebookInfo`.
        profiles: dict from `read_profiles`.
        profile: name of the profile; "lesson" changes nothing.

    Returns:
        A dict {parameter name: value}.

    Raises:
        CourseError: the profile names a parameter that the notebook does not have, or a wrong value.
    """
    values = profiles.get(info.name, {}).get(profile, {})
    checked = {}
    for name, value in values.items():
        where = f"profiles.yaml, {info.name}, {profile}: "
        parameter = info.parameter(name)
        if parameter is None:
            raise CourseError(where + unknown_parameter(name, [info]))
        # YAML 1.1 reads 1e-3 as text: what is text for a number goes the way of the command line.
        read = parameter.parse if isinstance(value, str) and parameter.type != "str" else parameter.check
        try:
            checked[name] = read(value)
        except CourseError as error:
            raise CourseError(where + str(error)) from None
    return checked


def unknown_parameter(name, infos):
    """Say that no notebook has this parameter, which one is near, and which ones each notebook has.

    Args:
        name: what was asked for.
        infos: list of the `NotebookInfo` that were to have it.

    Returns:
        str, a line, and one below it for each notebook.
    """
    names = {info.name: [parameter.name for parameter in info.parameters] for info in infos}
    guess = did_you_mean(str(name), sorted({each for group in names.values() for each in group}))
    listing = "".join(f"\n  {notebook}: {', '.join(group) or '(none)'}" for notebook, group in names.items())
    return f"There is no parameter {short(name)!r}.{guess} The parameters are:{listing}"
