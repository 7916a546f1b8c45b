"""A diagram out of a table of steps: named, joined and drawn, so that it deploys as it stands.

``plan`` gives everything an id and says what leads where, ``place`` says where it stands, ``write`` writes the BPMN.
"""

from engine.bpmn.drafting.placing import place
from engine.bpmn.drafting.planning import LAST, YES, Plan, PlannedStep, PlannedWay, plan
from engine.bpmn.drafting.writing import write

__all__ = ["LAST", "YES", "Plan", "PlannedStep", "PlannedWay", "place", "plan", "write"]
