"""What a person may ask: one method a request, one transaction each, frozen values in and out."""
