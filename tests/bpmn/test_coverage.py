"""The page that says what of BPMN runs names what there is: every diagram, every rule."""

import re
from pathlib import Path

from engine.bpmn.rules.diagram import HERE
from engine.model.errors import sayings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/bpmn.md").read_text()
ROWS = [row.strip("|").split(" | ") for row in PAGE.splitlines() if row.startswith("| ") and "|---" not in row]
named = set(re.findall(r"`([a-z_]+)`", PAGE))
diagrams = {path.stem for path in (ROOT / "tests/bpmn/diagrams").glob("*.bpmn")}
heard = {
    line.split()[1]
    for folder in ("broken", "foreign")
    for text in (ROOT / "tests/bpmn" / folder).glob("*.txt")
    for line in text.read_text().splitlines()
    if line[0] != " "
}
NOT_ELEMENTS = {  # of files, sheets and forms, and how a designer writes; README and ungkapan.md say them
    "not_xml",
    "not_bpmn",
    "no_diagram",
    "functions",
    "standard_time",
    "other_performer",
    "starter_unknown",
}


def test_every_row_says_whether_it_runs_is_made_right_or_is_refused():
    said = [row[1].strip() for row in ROWS if row[0].strip() not in ("Element", "Written by")]
    assert len(said) > 60
    assert set(said) == {"runs", "made right", "refused"}


def test_every_diagram_and_every_rule_that_is_named_exists():
    elsewhere = {"approval", "decision_unreadable", "function_unknown", "message_unheard", "trial_deadlock"}
    assert named - diagrams - heard == elsewhere, "which are tested with the rules"


def test_every_rule_about_an_element_and_every_diagram_of_a_behaviour_is_named():
    assert heard - named == NOT_ELEMENTS - {"no_diagram", "functions"}
    assert diagrams - named == {"patient_is_treated"}, "which is a whole procedure"


def test_a_row_that_is_refused_names_the_rule():
    assert not [row[0] for row in ROWS if row[1].strip() == "refused" and not re.search(r"`[a-z_]+`", row[-1])]


def test_what_the_rules_say_is_known_here():
    said = {told.get("rule", name) for name, told in sayings(HERE).items()} - {"{kind}_missing"}
    assert said - named - NOT_ELEMENTS == set()
