"""The closed language: what it says, what it refuses, how much it may cost."""

import contextlib
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import expression, expression_values, timers
from engine.bpmn.expression import ExpressionError
from engine.model.bounds import TooMuch, bounded

ROWS = [{"kode": "A", "orang": "ann"}, {"kode": "B", "orang": "budi"}, {"kode": "C", "orang": "ann"}]


def value(text, functions=None, **names):
    return expression.compile(text).evaluate(names, functions or {})


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ('keputusan == "setuju"', {"keputusan": "setuju"}, True),
        ('"Triwulan " + periode + " " + str(tahun)', {"periode": "I", "tahun": Decimal(2025)}, "Triwulan I 2025"),
        ("0.1 + 0.2 == 0.3", {}, True),
        ("harga * banyak > 1000.5", {"harga": Decimal("10.01"), "banyak": 100}, True),
        ("surat.versi >= 2", {"surat": {"versi": 2}}, True),
        ("surat.isi.tidak_ada", {"surat": {}}, None),
        ('unik(kolom(baris, "orang"))', {"baris": ROWS}, ["ann", "budi"]),
        ('len(saring(baris, "orang", "ann"))', {"baris": ROWS}, 2),
        ('isi(nama, "tanpa nama")', {"nama": ""}, "tanpa nama"),
        ("round(2.345, 2)", {}, Decimal("2.35")),
        ("round(-2.5)", {}, Decimal("-3")),
        ('tanggal("2025-03-31") + hari(1)', {}, date(2025, 4, 1)),
        ('tanggal("2025-03-31") - tanggal("2025-03-01")', {}, 30),
        ("sum([1, None, 2.5])", {}, Decimal("3.5")),
        ("max([3, None, 7])", {}, 7),
        ("min([])", {}, None),
        ('gabung(["a", "b"], " dan ")', {}, "a dan b"),
        ('"a" if 1 < 2 <= 2 else "b"', {}, "a"),
        ('not x and "I" in ["I", "II"]', {"x": False}, True),
        ("baris[-1].kode", {"baris": ROWS}, "C"),
        ("x is None or x > 3", {"x": None}, True),
        ("sum(x)", {"x": None}, 0),
        ("str(x)", {"x": None}, ""),
        ("str(x)", {"x": True}, "ya"),
        ("str(x)", {"x": False}, "tidak"),
        ("str(x)", {"x": date(2025, 3, 31)}, "2025-03-31"),
        ("tanggal(x)", {"x": date(2025, 3, 31)}, date(2025, 3, 31)),
        ("tanggal(x)", {"x": datetime(2025, 3, 31, 9, tzinfo=UTC)}, date(2025, 3, 31)),
        ('tanggal("2025-03-31") - hari(1)', {}, date(2025, 3, 30)),
        (
            "unik(x)",
            {"x": [date(2025, 3, 31), date(2025, 3, 30), date(2025, 3, 31)]},
            [date(2025, 3, 31), date(2025, 3, 30)],
        ),
        ("x + [3]", {"x": [1, 2]}, [1, 2, 3]),
    ],
)
def test_what_designers_write_means_what_it_says(text, names, expected):
    assert value(text, **names) == expected


@pytest.mark.parametrize(
    "text",
    [
        '__import__("os").system("id")',
        "().__class__.__bases__[0].__subclasses__()",
        "x.__class__",
        "x._rahasia",
        "eval('1')",
        "open('/etc/passwd')",
        "globals()",
        "9**9**9",
        "1 << 999999",
        "[i for i in x]",
        "(lambda: 1)()",
        "{x}",
        "{1: 2}",
        "f'{x}'",
        "x := 1",
        "await x",
        "x.keys()",
        "str.format(x)",
        "str",
        "b'bytes'",
        "1j",
        "...",
        "*x",
        "f(x=1)",
        "import os",
        "x; y",
        "",
        "1 +",
        "x" * 3000,
        "-" * 150 + "1",
        "+".join(["1"] * 400),
        "\x00",
        "1e99999999",
        "[1, 2][1e99999999]",
        "0e99999999",
        "1e-99999999",
        "9" * 500,
        "\ud800",
        "-" * 41 + "x",
        "_rahasia",
        "0x" + "f" * 200,
    ],
)
def test_what_is_not_of_the_language_is_refused_when_it_is_read(text):
    with pytest.raises(ExpressionError):
        expression.compile(text)


@pytest.mark.parametrize(
    "text",
    [
        '"a" * 1000000',
        "x + x",
        "1 / 0",
        "x > 3",
        "y",
        "baris[9]",
        'hari("x")',
        "hari(99999999)",
        'tanggal("31/3/2025")',
        "x.y.z",
        "baris[True]",
        'gabung(["a"], 5)',
        "terlalu_besar + 1",
        "len(terlalu_besar)",
        "str(jauh.angka)",
        "[jauh.angka]",
        "str(baris)",
        "sum(x)",
        "sum(3)",
        "unik(panjang)",
        "panjang + panjang",
        "round(1, 21)",
        'tanggal("2025-03-31") + hari(40000) + hari(40000) + hari(40000)' + " + hari(40000)" * 80,
    ],
)
def test_what_does_not_fit_is_one_error_that_says_where(text):
    names = {"x": "a" * 15_000, "baris": ROWS, "terlalu_besar": Decimal("1e999999")}
    names |= {"jauh": {"angka": Decimal("1e-999999")}, "panjang": [1] * (expression_values.MOST_ITEMS + 1)}
    with pytest.raises(ExpressionError) as raised:
        value(text, **names)
    assert raised.value.text == text
    assert raised.value.reason


def test_host_functions_are_called_only_if_the_host_gives_them():
    assert value("hari_kerja(2)", {"hari_kerja": lambda n: n * 10}) == 20
    with pytest.raises(ExpressionError, match="tidak tersedia"):
        value("hari_kerja(2)")
    assert expression.compile("hari_kerja(2) > x").calls == {"hari_kerja"}
    assert expression.compile("hari_kerja(2) > x").names == {"x"}


def test_a_field_named_like_a_function_reaches_nothing():
    assert value("len(x)", x=[1], len=[9, 9, 9]) == 1


def test_scripts_are_assignments_and_nothing_else():
    assert [name for name, _ in expression.script("a = 1\nb = a + 1")] == ["a", "b"]
    for text in ("a += 1", "import os", "a.b = 1", "a = b = 1", "while True: pass", "_a = 1", "len = 3", "print(1)"):
        with pytest.raises(ExpressionError):
            expression.script(text)


def test_the_document_lists_every_function_and_no_other():
    text = (Path(__file__).parents[2] / "docs" / "ungkapan.md").read_text()
    written = {line.split("`")[1] for line in text.split("## Functions")[1].splitlines() if line.startswith("| `")}
    known = {w for _, w, _ in expression_values.FUNCTIONS.values()} | {
        w for w, _ in expression_values.HOST_FUNCTIONS.values()
    }
    assert written == known


def test_the_same_twice_is_once_whatever_it_is_and_the_first_stays():
    assert value("unik(a)", a=["b", "a", "b", None, "", "a"]) == ["b", "a"]
    assert value("unik(a)", a=[{"x": 1, "y": [2]}, {"y": [Decimal("2.0")], "x": 1}]) == [{"x": 1, "y": [2]}]
    assert value("unik(a)", a=[1, "1", True, Decimal("1.00"), [1], [1]]) == [1, "1", True, [1]]


def test_what_is_filled_in_is_no_pattern_again():
    assert value('susun("{a}/{b}/{c}", {"a": "{b}", "b": "{a}"})') == "{b}/{a}/{c}"


def seconds_of(act):
    began = time.thread_time()
    act()
    return time.thread_time() - began


@pytest.mark.parametrize(
    "text",
    [
        "len(unik(baris))",
        "len(unik(teks))",
        'len(saring(baris, "nomor", 5))',
        "baris == sama",
        "baris in [sama, sama]",
        'susun(lubang, {"a": panjang})',
        "gabung(banyak)",
    ],
)
def test_twenty_thousand_rows_are_walked_through_and_not_each_with_each(text):
    names = {
        "baris": [{"nomor": Decimal(n), "kepala": [n]} for n in range(20_000)],
        "sama": [{"nomor": Decimal(n), "kepala": [n]} for n in range(20_000)],
        "teks": [str(n) for n in range(20_000)],
        "lubang": "{a}" * 6_000,
        "panjang": "x" * 20_000,
        "banyak": ["x" * 20_000] * 20_000,
    }

    def evaluated():
        with contextlib.suppress(ExpressionError):
            value(text, **names)

    assert seconds_of(evaluated) < 3


def test_a_result_may_be_so_large_and_no_larger():
    fits = ["x" * (expression_values.LARGEST_VALUE - 2 * expression_values.ITEM)]
    assert value("a", a=fits) == fits
    with pytest.raises(ExpressionError, match="terlalu besar"):
        value("a", a=[fits[0] + "x"])
    deep = []
    for _ in range(expression_values.DEEPEST_VALUE):
        deep = [deep]
    with pytest.raises(ExpressionError, match="terlalu besar"):
        value("a", a=deep)


def test_many_expressions_of_one_form_get_no_more_than_one():
    rows = [{"nomor": n} for n in range(20_000)]

    def all_of_them():
        with bounded():
            for _ in range(100_000):
                value('len(saring(baris, "nomor", 5))', baris=rows)

    with pytest.raises(TooMuch):
        all_of_them()
    assert value("len(baris)", baris=rows) == 20_000


HOSTILE = st.sampled_from(
    [
        *("1e99999999", "1e100", "-1e100", "1e-100", "9" * 34, "9" * 101, "0x" + "f" * 99, "0e999", "0.5", "7", "-1"),
        *("True", "None", '""', '"{a}{a}"', '"2025-03-31"', "[]", "besar", "banyak", "baris", "teks", "hilang"),
    ]
)
GRAMMAR = st.recursive(
    HOSTILE,
    lambda below: st.one_of(
        st.tuples(below, st.sampled_from(["+", "-", "*", "/", "//", "%", "==", "<", "in", "and", "or"]), below).map(
            lambda parts: "({} {} {})".format(*parts)
        ),
        st.tuples(below, below).map(lambda parts: "{}[{}]".format(*parts)),
        st.tuples(below, below, below).map(lambda parts: "({} if {} else {})".format(*parts)),
        st.lists(below, max_size=4).map(lambda parts: f"[{', '.join(parts)}]"),
        below.map(lambda part: f'{{"a": {part}}}'),
        below.map(lambda part: f"{part}.a"),
        st.tuples(st.sampled_from(sorted(expression_values.FUNCTIONS)), st.lists(below, max_size=3)).map(
            lambda parts: f"{parts[0]}({', '.join(parts[1])})"
        ),
    ),
    max_leaves=12,
)
SCOPE = {
    "besar": Decimal("9e99999999"),
    "banyak": [Decimal(n) for n in range(2_000)],
    "baris": [{"a": [n, "x" * 50]} for n in range(500)],
    "teks": "{a}" * 6_000,
}


@settings(max_examples=400, deadline=None)
@given(GRAMMAR)
def test_whatever_somebody_writes_ends_soon_or_is_refused(text):
    def evaluated():
        with contextlib.suppress(ExpressionError, TooMuch):
            str(value(text, **SCOPE))

    assert seconds_of(evaluated) < 3


@given(st.text(max_size=80))
def test_no_text_whatever_raises_anything_but_an_expression_error(text):
    with contextlib.suppress(ExpressionError):
        expression.compile(text).evaluate({"x": 1})


@pytest.mark.parametrize("text", ["P9999999M", "P99999999999Y", "PT" + "9" * 4_000 + "S", "P1Z", "-P1D", "besok"])
def test_a_timer_of_ten_million_months_is_refused_and_not_counted_month_by_month(text):
    with pytest.raises(ValueError, match="bukan lama waktu"):
        timers._length(text, datetime(2025, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["a =", "a = '\ud800'", "a = 1\n" * 2_000])
def test_a_script_that_cannot_be_read_is_refused_in_words(text):
    with pytest.raises(ExpressionError, match="skrip"):
        expression.script(text)


def test_a_timer_repeats_from_an_instant_or_from_now_on():
    cycle, began = timers.ClockedCycle("ulang", "")._cycle, datetime(2025, 4, 14, 2, tzinfo=UTC)
    assert cycle("R3/2025-04-14T09:00:00/PT1H") == (3, began, timedelta(hours=1))
    with timers.moment(began, {}):
        assert cycle("R/P1D") == (-1, began + timedelta(days=1), timedelta(days=1))
    with pytest.raises(ValueError, match="siklus dengan waktu akhir tidak didukung"):
        cycle("R3/PT1H/2025-04-14T09:00:00")


def test_a_timer_takes_a_length_that_an_expression_gives():
    assert timers._length(value("hari(3)"), datetime(2025, 4, 1, tzinfo=UTC)) == timedelta(days=3)


@pytest.mark.parametrize(
    ("text", "days"),
    [("P1Y", 365), ("P1M", 30), ("P2W", 14), ("P40000D", 40_000), ("P1DT12H", 1.5), ("PT1,5H", 0.0625)],
)
def test_a_timer_takes_the_lengths_that_people_write(text, days):
    assert timers._length(text, datetime(2025, 4, 1, tzinfo=UTC)) == timedelta(days=days)


@pytest.mark.parametrize("text", ["1 / x", "x / x", "5 % x", "5 // x"])
def test_dividing_by_zero_is_told_in_words(text):
    with pytest.raises(ExpressionError, match="hitungan tidak dapat dilakukan: pembaginya nol"):
        value(text, x=Decimal(0))
