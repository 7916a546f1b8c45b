"""What an instance waits for, in a real browser: on every screen, with names as long as offices write them."""

import pytest

from tests.chromium import MARKS
from tests.pages.test_in_the_browser import DESKTOP, PHONE, chromium, desk, site  # noqa: F401 - fixtures
from tests.pages.test_what_is_waited_for import WAITING, staffed  # noqa: F401 - a fixture
from tests.service.procedures import deploy, form, start
from tests.service.test_who_waits import begun, done

pytestmark = [*MARKS, pytest.mark.xdist_group("browser")]
LONG = (
    "Pengumpulan persetujuan tertulis seluruh bidang/sekretariat/unit pelaksana teknis dan pemegang_data_kinerja_daerah"
)


def test_it_fits_every_screen_and_can_be_read_by_everybody(staffed, desk, monkeypatch):  # noqa: F811
    deploy(staffed, WAITING, {"baca": form(), "ingatkan": form()})
    stands = begun(staffed, monkeypatch, names={"kumpulkan": LONG, "keuangan": f"{LONG} tahap dua"})
    done(staffed, stands, "uji_hukum")
    [told], _ = staffed.services.incidents.list(staffed.actor("operator"))
    for viewport in (DESKTOP, PHONE):
        operator = desk("operator", viewport=viewport)
        for path in (f"/instans/{start(staffed, WAITING)}", f"/instans/{stands}", f"/insiden/{told.id}", "/insiden"):
            operator.open(path)
            assert operator.fits(), path
            assert operator.faults() == []
