"""BPMN and SpiffWorkflow; no other part of Alur knows either."""
