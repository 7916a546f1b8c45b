"""Procedures: drafts in the studio, validation, simulation, deployment."""
