"""Lines of history are found by a word, and returns as such, on either database."""

from engine.model.history import Action
from engine.service.history.timelines import HistoryFilter
from engine.store.queries import histories as lines
from tests.office import returned


def test_a_word_a_wildcard_and_a_return(office, monkeypatch):
    instance = office.start()
    office.until_analysis(instance)
    office.later(minutes=5)
    office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.2"))
    office.services.control.comment(office.actor("tim.sakip"), instance, 'Catatan 7% dari "a_b"', office.now)
    auditor = office.actor("auditor")

    def found(**narrowed):
        return office.services.histories.everything(auditor, HistoryFilter(**narrowed))

    told = [line.action for line in found(text="REKAP BUKAN").lines]
    assert told == ["task:returned", "task:completed"]
    assert found(text='"A_B"').total == found(text="n 7%").total == 1
    assert found(text="a%b").total == found(text="axb").total == 0
    back = found(action=Action.TASK_RETURNED)
    assert [(line.actor, line.element_id) for line in back.lines] == [("tim.sakip", "siapkan_data")]
    assert back.returns == {(line.stream, line.seq) for line in back.lines}
    assert back.titles == {instance: "Triwulan I 2025"}
    monkeypatch.setattr(lines, "SEARCHED", 1)
    assert found(text="REKAP BUKAN").total == 0, "only in so many lines, the newest"
