"""What a chart shows can be read."""

import re
from decimal import Decimal
from itertools import combinations

from engine.documents.charts import bars, lines


def test_values_that_lie_close_together_are_not_written_over_each_other():
    rows = [
        {"label": f"Sasaran {n}", "titik": [{"label": "TW II", "nilai": Decimal(value)}]}
        for n, value in enumerate(("95.05", "94.08", "94.08", "87.99"))
    ]
    drawn = lines("Capaian", rows).decode()
    written = r'y="([\d.]+)" font-family="Arimo" font-size="9"[^>]*text-anchor="(\w+)"[^>]*>([\d,]+)<'
    found = re.findall(written, drawn)
    assert sorted(word for *_, word in found) == ["87,99", "94,08", "94,08", "95,05"]
    places = [(float(y), side) for y, side, _ in found]
    assert all(side != aside or abs(y - other) >= 10 for (y, side), (other, aside) in combinations(places, 2))


def test_what_has_a_figure_and_no_target_says_so_and_a_line_does_not_cross_a_label():
    drawn = bars("Capaian", [{"label": "X", "target": None, "realisasi": None, "kosong": "tidak ada target"}]).decode()
    assert drawn.count(">tidak ada target<") == 2
    assert "belum tersedia" not in drawn
    assert all('paint-order="stroke"' in each for each in re.findall("<text[^>]*>", drawn))
