"""What a reader finds on the page of a report: its tables, its links, its texts."""

import re
from html import unescape
from html.parser import HTMLParser

import numpy as np


def text_of(markup):
    """Text of some markup, as it is read."""
    found = unescape(re.sub("<[^>]*>", "", markup))
    return " ".join(re.sub("[\u2068\u2069]", "", found).replace("\u202f", " ").split())


def section(html, name):
    """Markup of one section of a report."""
    return re.search(rf'<section id="{name}".*?</section>', html, re.DOTALL)[0]


def tables(html):
    """Rows of every table by its caption; a row is a list of texts."""
    found = {}
    for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
        caption = text_of(re.search("<caption>(.*?)</caption>", table, re.DOTALL)[1])
        body = table.partition("<tbody>")[2]
        rows = [re.split("<t[hd][^>]*>", row)[1:] for row in body.split("<tr>")[1:]]
        found.setdefault(caption, []).extend([list(map(text_of, row)) for row in rows])
    return found


def number(text):
    """Value and error of a printed number; the error is 0 where none is printed."""
    (value, error), factor = parts(text)
    return float(value) * factor, float(error or 0) * factor


def parts(text):
    """Texts of value and error, and the power of ten behind them."""
    text = text.replace("−", "-").replace(" ", "").removesuffix("%")
    power = re.search(r"^\(?(.*?)\)?×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", text)
    value, _, error = (power[1] if power else text).partition("±")
    digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return (value, error), 10.0 ** int(power[2].translate(digits)) if power else 1.0


def agrees(text, wanted):
    """Whether a printed number is this one, to half a unit of its last digit."""
    (value, error), factor = parts(text)
    unit = 10.0 ** -len(value.partition(".")[2])
    if error and float(error) >= 1:  # it is printed with one digit, the value to the same place
        unit = 10.0 ** np.floor(np.log10(float(error)))
    return abs(float(value) * factor - wanted) <= 0.5001 * unit * factor


class Elements(HTMLParser):
    """Names and attributes of all elements of a page, as a browser's parser finds them."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
