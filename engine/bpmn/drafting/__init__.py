"""Makes a diagram from a table of steps, ready to deploy.

``plan`` gives ids and flows, ``place`` gives coordinates, ``write`` writes the BPMN.
"""

from engine.bpmn.drafting.placing import place
from engine.bpmn.drafting.planning import LAST, YES, Plan, PlannedStep, PlannedWay, plan
from engine.bpmn.drafting.writing import write

__all__ = ["LAST", "YES", "Plan", "PlannedStep", "PlannedWay", "place", "plan", "write"]
