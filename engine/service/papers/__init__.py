"""Documents of instances: versions, files, printing, numbers, signatures, reports, archive."""
