"""axe-core, which looks for what keeps people with a screen reader, a keyboard or weak eyes out of a page."""

from importlib.resources import files

SERIOUS = ("serious", "critical")


def violations(page, impacts=SERIOUS):
    """Let axe-core look at a page of Playwright's as it stands; list what it finds of some weight, one line a place.

    It is loaded into the page by the tests alone, from a package that pyproject.toml pins for them.
    """
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{rule['impact']} {rule['id']} at {node['target'][-1]}: {' '.join(node['failureSummary'].split())[:160]}"
        for rule in found if rule["impact"] in impacts for node in rule["nodes"]
    ]
