"""The base of all views: one script, one fragment, numbers that read the same on both sides."""

import json
import math

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from hepml_widgets.core import base, numbers, scripts
from hepml_widgets.core.payload import inline_json, pack, portable, unpack

NASTY = "</script><script>alert(1)</script><!-- \u2028 & \u202e"
NUMBERS = [
    0.0, 0.5, 1.5, 2.5, 0.05, 0.95, 9.5, 9.94, 9.95, 9.96, 99.5, 999.5, 1e-3, 9.99e-4, 1e-12, 1e7,
    9_999_999.5, 123_456.789, 1e15, 3.3e22, -0.04, -2.5, -1234.5, 1 / 3, 2 / 3, 5e-324, 1e308,
    math.inf, -math.inf, math.nan,
]  # fmt: skip


class Sketch(base.View):
    """A view of nothing, with the script of another."""

    _module = "roc_explorer"
    title = traitlets.Unicode().tag(sync=True)
    hidden = traitlets.Unicode("not for the page")

    def _drawn_by(self, sheet):
        return sheet(figsize=(1, 1))

    def __repr__(self):
        return f"Sketch({self.title!r})"


def test_live_module_is_the_bundle():
    assert Sketch()._esm == scripts.source("roc_explorer")


@given(st.lists(st.floats(width=64), max_size=40))
def test_columns_come_back(values):
    np.testing.assert_array_equal(unpack(pack(values)), values)


def test_inline_json_cannot_leave_its_script():
    text = inline_json({"name": NASTY, "bytes": b"\x00\xff", "nan": math.nan})
    assert not set(text) & set("<>&")
    assert json.loads(text) == {"name": NASTY, "bytes": {"base64": "AP8="}, "nan": None}


def test_state_is_what_a_page_needs():
    assert set(Sketch(title="a").state()) == {"key", "payload", "title"}


def test_fragment_is_the_same_every_time():
    first, second = Sketch(title="a"), Sketch(title="a")
    assert first.key != second.key
    second.key = first.key
    assert first.to_fragment() == second.to_fragment()


def test_alternative_text_is_escaped():
    assert 'alt="Sketch(&#x27;&quot;&gt;&lt;b&gt;&#x27;)"' in Sketch(title='"><b>').to_fragment()


def test_display_is_a_view_and_a_copy(monkeypatch):
    shown = []
    monkeypatch.setattr(base, "display", lambda bundle, raw: shown.append((bundle, raw)))
    view = Sketch(title="a")
    view._ipython_display_()
    live, still = shown
    mime = "application/vnd.jupyter.widget-view+json"
    assert live == (
        {mime: {**live[0][mime], "model_id": view.model_id}, "text/plain": "Sketch('a')"},
        True,
    )
    assert set(still[0]) == {"image/png", "text/html", "text/plain"}
    assert f'data-hepml-still="{view.key}"' in still[0]["text/html"]


def python_texts(value, other):
    return [
        numbers.with_error(value, other),
        numbers.significant(value),
        numbers.percent(value),
        numbers.probability(value, [other]) if math.isfinite(value) else "",
    ]


JS_TEXTS = """pairs => pairs.map(([value, other]) => [
    hepml.withError(value, other), hepml.significant(value), hepml.percent(value),
    Number.isFinite(value) ? hepml.probability(value, [other]) : ""])"""


@pytest.mark.browser
def test_numbers_read_the_same_in_the_browser(expose, rng):
    sizes = 10 ** rng.uniform(-14, 14, (2000, 2))
    rounded = np.round(rng.uniform(0, 50, (2000, 2)) * 4) / 4  # exact ties of the rounding
    pairs = [(a, b) for a in NUMBERS for b in NUMBERS] + [*sizes.tolist(), *rounded.tolist()]
    page = expose("roc_explorer", "withError", "significant", "percent", "probability")
    texts = page.evaluate(JS_TEXTS, [list(pair) for pair in pairs])
    differ = [
        (pair, text, wanted)
        for pair, text, wanted in zip(pairs, texts, (python_texts(*p) for p in pairs), strict=True)
        if text != wanted
    ]
    assert differ == []


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (286.4, 3.2, "286\xa0±\xa03"),
        (1943.0, 41.0, "1\u202f940\xa0±\xa040"),
        (3.14, 0.096, "3.1\xa0±\xa00.1"),
        (2.5e8, 3e6, "(2.50\xa0±\xa00.03)×10⁸"),
        (0.0, 0.0, "0.00"),
        (-1.25, 0.5, "−1.3\xa0±\xa00.5"),
        (math.nan, 1.0, "–"),
        (212.0, math.nan, "212"),
    ],
)
def test_value_and_error_share_their_last_decimal(value, error, text):
    assert numbers.with_error(value, error) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (9.96e-4, 2, "1.0×10⁻³"),
        (-9.996e11, 3, "−1.00×10¹²"),
        (9.94e-4, 2, "9.9×10⁻⁴"),
    ],
)
def test_a_mantissa_is_below_ten(value, digits, text):
    assert numbers.significant(value, digits) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e5))
def test_rounding_is_within_half_of_the_last_digit(value, error):
    text = numbers.with_error(value, error).replace("\u202f", "").replace("−", "-")
    if "×" not in text:
        shown, last = map(float, text.split("\xa0±\xa0"))
        assert abs(shown - value) <= 0.5 * 10 ** math.floor(math.log10(last) + 1e-9) * (1 + 1e-9)


@pytest.mark.browser
def test_columns_are_read_from_bytes_and_from_base64(expose, rng):
    page = expose("roc_explorer", "floats")
    values = rng.normal(size=7).tolist()
    for kind, size in (("<f8", 8), ("<f4", 4)):
        column = pack(values, kind)
        read = page.evaluate(
            """([column, bytes, size]) => [
                [...hepml.floats(column, size)],
                [...hepml.floats(new DataView(Uint8Array.from([0, ...bytes]).buffer, 1), size)]]""",
            [portable(column), list(column), size],
        )
        assert read == [unpack(column, kind).tolist()] * 2


TICKS = """([kind, domain, count]) => hepml.makeScale(kind, domain, [0, 100]).ticks(count)"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("kind", "domain", "count", "labels"),
    [
        ("linear", [0, 1], 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ("linear", [-20, 20], 4, ["−20", "−10", "0", "10", "20"]),
        ("linear", [0, 3e7], 3, ["0", "1×10⁷", "2×10⁷", "3×10⁷"]),
        ("log", [0.1, 1000], 6, ["10⁻¹", "1", "10", "10²", "10³"]),
        ("log", [1, 1e9], 4, ["1", "10³", "10⁶", "10⁹"]),
        ("log", [1, 20], 4, ["1", "2", "5", "10", "20"]),
        ("logit", [1e-3, 1 - 1e-3], 8, ["10⁻³", "0.01", "0.1", "0.5", "0.9", "0.99", "1−10⁻³"]),
    ],
)
def test_ticks_are_round(expose, kind, domain, count, labels):
    ticks = expose("roc_explorer", "makeScale").evaluate(TICKS, [kind, domain, count])
    ticks.sort(key=lambda tick: tick["value"])
    assert [tick["label"] for tick in ticks if tick["label"]] == labels
    low, high = domain
    slack = 1e-9 * (high - low)
    assert all(low - slack <= tick["value"] <= high + slack for tick in ticks)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*none: make it"):
        Sketch().to_html(tmp_path / "none" / "view.html")


# ---------------------------------------------------------------- numbers as short as they can be


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.0, "0"), (0.25, "0.25"), (-1.5, "−1.5"), (1e6, "10⁶"), (-1e7, "−10⁷"),
        (2.5e-7, "2.5×10⁻⁷"), (-3e-7, "−3×10⁻⁷"), (123456, "123456"), (1e300, "10³⁰⁰"),
    ],
)  # fmt: skip
def test_general_numbers_have_their_minus_and_powers_set(value, wanted):
    assert numbers.general(value) == wanted


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([500.0, 750.0], ["500", "750"]),
        ([125.0912345, 125.0912349], ["125.0912345", "125.0912349"]),
        ([1e9, 1e9 + 1], ["1000000000", "1000000001"]),
        ([1.0, 1.0, 2.0], ["1", "1", "2"]),
        ([0.1, 0.1 + 1e-16], ["0.10000000000000001", "0.1000000000000001"]),
        ([], []),
    ],
)
def test_numbers_are_told_apart(values, wanted):
    assert numbers.apart(values) == wanted
