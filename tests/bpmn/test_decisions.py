"""Decision tables: what a cell may say, which row decides, and what is wrong with a table."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine.bpmn import decisions
from engine.bpmn.decisions import Undecided, read
from engine.bpmn.expression import ExpressionError
from engine.model.errors import FunctionFailed

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:alur:tests">'


def table(rows, policy="UNIQUE", inputs=("nilai",), outputs=("predikat",), extra=""):
    """A DMN file with one table; each row is its input cells and then its output cells."""
    columns = "".join(
        f'<input id="i{n}"><inputExpression id="e{n}"><text>{text}</text></inputExpression></input>'
        for n, text in enumerate(inputs)
    ) + "".join(f'<output id="o{n}" name="{name}"/>' for n, name in enumerate(outputs))
    rules = ""
    for cells in rows:
        asked, given = cells[: len(inputs)], cells[len(inputs) :]
        escaped = [cell.replace("&", "&amp;").replace("<", "&lt;") for cell in asked]
        rules += "<rule>" + "".join(f"<inputEntry><text>{cell}</text></inputEntry>" for cell in escaped)
        rules += "".join(f"<outputEntry><text>{cell}</text></outputEntry>" for cell in given) + "</rule>"
    body = f'<decisionTable id="t" hitPolicy="{policy}" {extra}>{columns}{rules}</decisionTable>'
    return f'{HEAD}<decision id="skala" name="Skala">{body}</decision></definitions>'.encode()


def decide(rows, policy="UNIQUE", *, extra="", outputs=("predikat",), inputs=("nilai",), **names):
    found = read(table(rows, policy, inputs=inputs, outputs=outputs, extra=extra))
    assert not found.faults, found.faults
    return found.tables["skala"].decide(names, {})


def matches(cell, value, **names):
    return decide([(cell, '"ya"')], nilai=value, **names)["predikat"] == "ya"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("-", None),
        ("", Decimal(3)),
        ("3", Decimal("3.0")),
        ("-3", Decimal(-3)),
        ("> 90", Decimal("90.1")),
        ("<= 90", Decimal(90)),
        ("!= 3", Decimal(4)),
        ("[75..90]", Decimal(90)),
        ("[75..90)", Decimal(75)),
        ("]75..90[", Decimal(80)),
        ("(75..90]", Decimal("75.5")),
        ('"baik", "cukup"', "cukup"),
        ("'baik'", "baik"),
        ("< 10, [90..100]", Decimal(95)),
        ('not("baik", "cukup")', "kurang"),
        ("not([0..50])", Decimal(51)),
        ("true", True),
        ("false", False),
        ("null", None),
        ('date("2025-03-31")', date(2025, 3, 31)),
        ('>= date("2025-01-01")', date(2025, 3, 31)),
        ("> batas", Decimal(6)),
        ("4 < ? < 9", Decimal(6)),
        ('? in ["a?", "b"]', "a?"),
    ],
)
def test_a_cell_matches(cell, value):
    assert matches(cell, value, batas=Decimal(5))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3", Decimal("3.1")),
        ("[75..90)", Decimal(90)),
        ("(75..90]", Decimal(75)),
        ("> 90", None),
        ("[1..2]", None),
        ('not("baik")', "baik"),
        ('"Baik"', "baik"),
        ("null", Decimal(0)),
    ],
)
def test_a_cell_does_not_match(cell, value):
    assert not matches(cell, value)


def test_the_scale_of_the_performance_report_gives_each_value_one_predicate():
    scale = [("> 90", '"Sangat tinggi"'), ("(75..90]", '"Tinggi"'), ("(65..75]", '"Sedang"'), ("<= 65", '"Rendah"')]
    found = [decide(scale, nilai=Decimal(value))["predikat"] for value in ("90.01", "90", "75.00", "65", "-1")]
    assert found == ["Sangat tinggi", "Tinggi", "Sedang", "Rendah", "Rendah"]


def test_no_row_that_matches_gives_nothing_and_not_an_old_value():
    assert decide([("> 90", '"Tinggi"')], nilai=Decimal(3)) == {"predikat": None}


def test_two_rows_of_a_unique_table_that_match_cannot_decide():
    with pytest.raises(Undecided, match="baris 1 dan 3"):
        decide([("> 1", "1"), ("> 9", "2"), ("> 2", "3")], nilai=Decimal(5))


def test_any_decides_if_all_rows_agree():
    assert decide([("> 1", "7"), ("> 2", "7")], "ANY", nilai=Decimal(5)) == {"predikat": 7}
    with pytest.raises(Undecided, match="berbeda"):
        decide([("> 1", "7"), ("> 2", "8")], "ANY", nilai=Decimal(5))


def test_first_takes_the_first_and_rule_order_takes_all_in_order():
    rows = [("> 1", "1"), ("> 2", "2"), ("> 9", "3")]
    assert decide(rows, "FIRST", nilai=Decimal(5)) == {"predikat": 1}
    assert decide(rows, "RULE ORDER", nilai=Decimal(5)) == {"predikat": [1, 2]}


@pytest.mark.parametrize(("aggregation", "result"), [("", [2, 5]), ("SUM", 7), ("MIN", 2), ("MAX", 5), ("COUNT", 2)])
def test_collect_gathers_or_adds_up(aggregation, result):
    extra = f'aggregation="{aggregation}"' if aggregation else ""
    assert decide([("> 1", "2"), ("> 2", "5"), ("> 9", "9")], "COLLECT", extra=extra, nilai=Decimal(5)) == {
        "predikat": result
    }


def test_outputs_are_computed_from_what_the_instance_knows():
    rows = [("> 1", "nilai * bobot", '"baris " + str(nilai)'), ("<= 1", "", "")]
    found = decide(rows, outputs=("skor", "ket"), nilai=Decimal(5), bobot=Decimal("0.5"))
    assert found == {"skor": Decimal("2.5"), "ket": "baris 5"}
    assert decide(rows, outputs=("skor", "ket"), nilai=Decimal(1)) == {"skor": None, "ket": None}


def test_several_inputs_must_all_match():
    rows = [("> 1", '"A"', "1"), ("-", '"B"', "2")]
    assert decide(rows, inputs=("nilai", "jenis"), nilai=Decimal(5), jenis="A") == {"predikat": 1}
    assert decide(rows, inputs=("nilai", "jenis"), nilai=Decimal(0), jenis="B") == {"predikat": 2}


def test_a_table_says_what_it_reads_so_that_the_state_keeps_it():
    found = read(table([("> batas", "bobot + 1"), ("? > lain", "")], inputs=("len(daftar)",)))
    assert found.tables["skala"].names == {"batas", "bobot", "lain", "daftar"}


def test_an_instant_is_compared_with_a_day_by_its_own_day():
    assert matches('date("2025-03-31")', datetime(2025, 3, 31, 9, tzinfo=UTC))
    assert not matches('< date("2025-03-31")', datetime(2025, 3, 31, 9, tzinfo=UTC))


def test_what_cannot_be_gathered_is_said():
    with pytest.raises(ExpressionError, match="skala"):
        decide([("> 1", "2"), ("> 2", '"dua"')], "COLLECT", extra='aggregation="MIN"', nilai=Decimal(5))


def test_an_expression_asks_a_table_and_hears_why_it_cannot_decide():
    tables = read(table([("> 1", "1"), ("> 2", "2")])).tables
    assert [answer({}, tables, row) for row in ({"nilai": Decimal(2)}, [{"nilai": Decimal(2)}])] == [1, [1]]
    with pytest.raises(FunctionFailed, match=r"tabel keputusan skala: .*baris 1 dan 2 sama-sama cocok"):
        answer({}, tables, {"nilai": Decimal(3)})
    with pytest.raises(FunctionFailed, match="tabel keputusan 'skala_lama' tidak ada"):
        answer({}, tables, {}, "skala_lama")


def answer(functions, tables, inputs, table_id="skala"):
    return decisions.decide(tables, functions, table_id, inputs)


def test_what_cannot_be_compared_is_said():
    with pytest.raises(ExpressionError, match="tidak dapat dibandingkan"):
        matches("> 3", "tiga")


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (table([("> ", "1")]), "sel “>” pada baris 1 tidak dapat dibaca"),
        (table([("[1..2", "1")]), "selang ditutup"),
        (table([("[1", "1")]), ".. diharapkan"),
        (table([('date("2025-03-31"', "1")]), ") diharapkan"),
        (table([("9" * 200, "1")]), "angka di luar jangkauan"),
        (table([("1", "1", "2")], outputs=("a", "b"), policy="COLLECT", extra='aggregation="SUM"'), "satu keluaran"),
        (table([("1", "1")]).replace(b'id="skala"', b'id=""'), "id keputusan kosong atau kembar"),
        (table([("1;2", "1")]), "tanda ; tidak dikenal"),
        (table([("1 2", "1")]), "2 tidak diduga di sini"),
        (table([('date("kemarin")', "1")]), "bukan tanggal"),
        (table([("1", "__import__('os')")]), "keluaran baris 1"),
        (table([("? .__class__", "1")]), "garis bawah"),
        (table([("1", "1")], "PRIORITY"), "kebijakan PRIORITY tidak dijalankan"),
        (table([("1", "1", "2")]), "jumlah sel yang berbeda"),
        (table([("1", "1")], outputs=("hasil.akhir",)), "satu kata tanpa titik"),
        (HEAD.encode() + b'<decision id="x"><literalExpression/></decision></definitions>', "bukan tabel"),
        (b"<definitions/>", "bukan DMN"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(xml, said):
    [fault] = read(xml).faults
    assert said in fault.reason
    assert fault.line == 1


def test_a_file_may_hold_several_tables():
    one = table([("1", "1")]).decode()
    two = one.replace('id="skala"', 'id="skala_lain"').replace(HEAD, "").replace("</definitions>", "")
    assert set(read(one.replace("</definitions>", two + "</definitions>").encode()).tables) == {"skala", "skala_lain"}
