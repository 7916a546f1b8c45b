"""The operator's page of reminders."""

PAGE = "/pengaturan/pengingat"


def test_the_operator_sets_a_lane_s_reminders_and_the_auditor_reads_them(browse):
    operator = browse("operator")
    lanes = ("kepala_dinas", "sekretaris", "tim_sakip", "pemegang_data")
    typed = {f"persen-{lane}": "75" for lane in lanes} | {"persen-sekretaris": "50", "peran-sekretaris": "kepala_dinas"}
    typed |= {"sesudah-sekretaris": "2", "_revisi": "0"}
    assert operator.post(PAGE, {**typed, "persen-tim_sakip": "x"}, page=PAGE).status_code == 422
    assert operator.post(PAGE, typed, page=PAGE).status_code == 303
    assert operator.post(PAGE, typed, page=PAGE).status_code == 409
    page = browse("auditor").get(PAGE).text
    assert 'name="persen-sekretaris" value="50"' in page
    assert 'name="sesudah-sekretaris" value="2"' in page
    assert "disabled" in page
    assert "pengingat" in browse("auditor").get("/audit/jejak?jenis=setting:changed").text
