"""Requests that nobody would think of, made from the API's own description: never a fault, always as described.

Schemathesis makes them; ``make endurance`` (HYPOTHESIS_PROFILE=endurance) makes many more.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.pages.test_every_route_says_who import ids

__all__ = ["ids"]
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
EXAMPLES = 400 if os.environ.get("HYPOTHESIS_PROFILE") == "endurance" else 8


@pytest.mark.parametrize("account", ["sekretaris", "operator", "perancang"])
def test_no_request_makes_the_server_fail_or_answer_otherwise_than_described(app, program, ids, account):
    one = program(account)
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=EXAMPLES < 100,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(), real=st.booleans())
        def ask(case, real):
            if real:  # of things that there are, not only of those that there are not
                case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
            case.call_and_validate(headers=one.headers, checks=CHECKS)

        ask()
