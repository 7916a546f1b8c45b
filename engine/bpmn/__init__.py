"""Everything about BPMN and SpiffWorkflow: the only part that knows either."""
