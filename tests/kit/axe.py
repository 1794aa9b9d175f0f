"""axe-core, which looks for what keeps people with a screen reader, a keyboard or weak eyes out of a page."""

from importlib.resources import files

SERIOUS = ("serious", "critical")


def violations(page, impacts=SERIOUS, rules=None, beside=()):
    """Let axe-core look at a page of Playwright's as it stands; list what it finds of some weight, one line a place.

    `rules` are the names of those to ask for, None for all; `beside` are selectors of what it shall not look at.
    It is loaded into the page by the tests alone, from a package that pyproject.toml pins for them.
    """
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    place = {"exclude": [[selector] for selector in beside]} if beside else "html"
    found = page.evaluate("([place, options]) => axe.run(place, options)", [place, options])["violations"]
    return [
        f"{rule['impact']} {rule['id']} at {node['target'][-1]}: {' '.join(node['failureSummary'].split())[:160]}"
        for rule in found if rule["impact"] in impacts for node in rule["nodes"]
    ]
