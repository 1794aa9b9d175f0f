"""Numbers as prose states them: "48,000", "63.2 %", "about twice", "a third of", "eight in ten", each as the range it claims.

A number of one digit, or its word, counts where it counts a result: "four epochs", not "four things". What is no figure but
a name (lesson 04, 2017, Keras 3) is blanked before; so is code.
"""

import re
from dataclasses import dataclass
from functools import cache

UNITS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
         "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORTH = {"a": 1, "an": 1, "one": 1, **{word: value for value, word in enumerate(UNITS, 2)},
         **{word: 10 * value for value, word in enumerate(TENS, 2)}}
POWERS = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10, "hundredth": 100,
         "thousandth": 1000}
COUNTED = ("seconds?|minutes?|hours?|ms|epochs?|trials?|candidates?|runs?|rounds?|draws|trainings?|packages|workers|rows|pictures"
           "|patients|digits|points?|seeds|orders|times|per cent|MB|kB")
BETTER = "better|worse|weaker|ahead|behind|higher|lower"

NAME = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|\w+=.\d+.|^ {4}.*$|^#+ \d+|^\s*\d+\. |\*\*\d+|\[\d\d "
    r"|\b(?:1[789]|20)\d\d\b|\b\d+-bit"
    r"|\b(?:lessons?|sections?|steps?|exercises?|trap|issue) \d+(?:(?:,| and| to) \d+)*"
    r"|\b(?:Keras|KerasTuner|Optuna|Python|TensorFlow|scikit-learn) \d[\d.]*\b(?:(?:,| and| or) \d\.\d+)*", re.M | re.S | re.I)
# In how many runs a verdict held, and what a comparison came to: data/verdicts.csv, read by test_verdicts.py.
TOLD = re.compile(r"\bin (\d+) of (\d+) runs\b")
MEAN = re.compile(r"([−-]?\d+\.\d+) ± (\d+\.\d+) over (\d+) runs\b")

# --- the grammar of a claim
SMALL = rf"(?:(?:{'|'.join(TENS)})(?:-(?:one|{'|'.join(UNITS)}))?|{'|'.join(sorted(UNITS, key=len, reverse=True))})"
LARGE = rf"(?:(?:an?|one|{SMALL}) )?(?:{'|'.join(POWERS)})(?: (?:{'|'.join(POWERS)}))*"
DIGITS = r"(?<![\w.,/^])(?<!\w-)[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w|\.\d|,\d)"
NUMBER = rf"(?:{DIGITS}|\b(?:{LARGE}|{SMALL})\b)"
PIECE = "|".join(list(PARTS)[1:])
HEDGE = (r"(?:\b(?:(?P<more>more than|at least)|(?P<less>less than|fewer than|under|at most|within)"
         r"|(?P<about>about|some|nearly|almost|hardly|roughly|around)|(?P<vague>a few|several|many)) )?(?:the )?")
SHARE = rf"(?P<share>(?:\bone|{NUMBER}) (?:in|out of) {NUMBER}(?! steps)|{NUMBER} of (?:the )?{NUMBER}(?= (?:{COUNTED})\b))"
POINT = (rf"(?P<point>\bhalf a point|a whole point|(?<=about )a point|(?<=within )a point|(?<=than )a point"
         rf"|(?:(?<=few )|(?<=some )|(?<=several ))points(?= (?:{BETTER})\b))")
PART = (rf"(?P<part>\b(?:(?:one|{SMALL}) (?:{PIECE})s?|half(?= (?:of(?! it\b)|as)\b)"
        rf"|(?:{PIECE})(?= (?:of|as|more|less|fewer|down)\b)))")
CLAIM = re.compile(
    rf"{HEDGE}(?:{SHARE}|{POINT}|(?P<twice>\btwice(?= (?:as|the)\b))|{PART}"
    rf"|(?P<number>{NUMBER})(?P<percent> ?(?:%|per cent))?)", re.I)


@dataclass
class Claim:
    """A number in a text, where it stands, and the range that the truth has to lie in."""

    text: str
    start: int
    low: float
    high: float
    percent: bool
    hedged: bool  # "about", "more than"
    derived: bool  # a difference in points, a share, a ratio: seldom printed itself, and easily met by chance

    def holds(self, value):
        """Say whether a figure is what the sentence says; a share may stand there as per cent."""
        slack = 1e-9 * max(1, abs(self.high))
        return any(self.low - slack <= scale * value <= self.high + slack for scale in ((1, 100) if self.percent else (1,)))


@cache
def claims(text):
    """List the claims of a Markdown text."""
    text = blanked(text)
    found = [claim(match, text[match.end():]) for match in CLAIM.finditer(text)]
    return [one for one in found if one]


def blanked(text):
    """Return Markdown with blanks in the place of code, links, and numbers that are names; every letter keeps its place."""
    for pattern in (NAME, TOLD, MEAN):
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text


def claim(match, after):
    """Return the claim of one match of CLAIM; None where it is vague, or a small number that counts no result."""
    counts = re.match(rf"(?: (?:to|or) \w+)?[ -](?:\w+ )?(?:{COUNTED})\b", after)
    if (match["vague"] and not match["point"]) or (match["number"] and is_small(match) and not counts):
        return None
    value, step = size(match)
    hedged = bool(match["about"] or match["more"] or match["less"])
    differs = hedged or match.string[:match.start()].endswith("by ") or re.match(rf" points (?:{BETTER})\b", after)
    points = bool(match["point"] or (match["number"] and differs and re.match(r" points\b", after)))
    scale = 0.01 if points and not match["point"] else 1
    low = value - step / 2
    high = value + step / 2
    if match["more"]:
        low = value
        high = 2 * value
    if match["less"]:
        low = 0 if points or match["less"].lower() == "within" else value / 2
        high = value
    ratio = match["number"] and re.match(r" times (?:as|that|the)\b", after)
    derived = bool(points or match["share"] or match["part"] or ratio)
    return Claim(match[0].strip(), match.start(), scale * low, scale * high, bool(match["percent"]), hedged, derived)


def is_small(match):
    value = value_of(match["number"])
    return value == int(value) and abs(value) <= 10 and "." not in match["number"] and not match["percent"]


def size(match):
    """Return what a match says, and how wide the range is that rounds to it."""
    if match["share"]:
        part, whole = (value_of(word) for word in re.split(r" (?:in|of|out of) (?:the )?", match["share"].lower()))
        return part / whole, 0.1 * part / whole
    if match["point"]:
        sizes = {"half a point": (0.005, 0.005), "points": (0.055, 0.08)}  # a few points are 1.5 to 9.5
        return sizes.get(match["point"].lower(), (0.01, 0.01))
    if match["twice"]:
        return 2.0, 0.5
    if match["part"]:
        *count, part = match["part"].lower().split()
        value = (value_of(count[0]) if count else 1) / PARTS[part.rstrip("s")]
        return value, (0.2 if match["about"] else 0.1) * value
    return value_of(match["number"]), last_digit(match["number"], bool(match["about"]))


def value_of(text):
    """Return what digits or words come to."""
    text = text.strip().lower().replace("−", "-").replace(",", "")
    if text[-1].isdigit():
        return float(text)
    total = 0
    for word in re.split(r"[ -]", text):
        total = max(total, 1) * POWERS[word] if word in POWERS else total + WORTH[word]
    return float(total)


def last_digit(text, about):
    """Return what one of the last digit is worth; of a round number, of the last one that is not 0, where it says "about"."""
    decimals = re.search(r"\.(\d+)", text)
    if decimals:
        return 10.0 ** -len(decimals[1])
    value = value_of(text)
    return max(10.0**k for k in range(9) if value % 10**k == 0) if about and value else 1.0


def altered(text):
    """Return a claim's text with its last digit that is not 0, or its word, changed by one; None if it has but one digit."""
    digits = re.search(r"\d[\d,.]*\d", text)
    significant = digits[0].rstrip("0,.") if digits else ""
    if len(re.sub(r"\D", "", significant).lstrip("0")) > 1:
        last = digits.start() + len(significant) - 1
        return text[:last] + str((int(text[last]) + 1) % 10) + text[last + 1:]
    for words in ([] if digits else (TENS, UNITS[9:])):
        for word, other in zip(words, [*words[1:], words[-2]], strict=True):
            if re.search(rf"\b{word}\b", text, re.I):
                return re.sub(rf"\b{word}\b", other, text, flags=re.I)
    return None
