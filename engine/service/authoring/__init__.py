"""Making procedures: drafts in the studio, validation, simulation, deployment."""
