"""The services that the pages ask, as one value on the application."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from engine.service.accounts import Accounts
from engine.service.approvals import Approvals
from engine.service.archives import Archives
from engine.service.checks import Checks
from engine.service.deployments import Deployments
from engine.service.documents import Documents
from engine.service.grids import Grids
from engine.service.histories import Histories
from engine.service.incidents import Incidents
from engine.service.instances import Instances
from engine.service.messages import Messages
from engine.service.numbers import Numbers
from engine.service.office import Office
from engine.service.operations import Operations
from engine.service.people import People
from engine.service.printing import Printing
from engine.service.readings import Readings
from engine.service.registers import Registers
from engine.service.reports import Reports
from engine.service.signing import Signing
from engine.service.sop_sheets import SopSheets
from engine.service.step_drafts import StepDrafts
from engine.service.studio import Studio
from engine.service.tasks import Tasks
from engine.service.timers import Timers
from engine.service.tokens import Tokens
from engine.service.verification import Verification


@dataclass(frozen=True)
class Services:
    """All that a person may ask of Alur."""

    accounts: Accounts
    approvals: Approvals
    archives: Archives
    checks: Checks
    deployments: Deployments
    documents: Documents
    grids: Grids
    histories: Histories
    incidents: Incidents
    instances: Instances
    messages: Messages
    numbers: Numbers
    office: Office
    operations: Operations
    people: People
    printing: Printing
    readings: Readings
    registers: Registers
    reports: Reports
    signing: Signing
    sheets: SopSheets
    step_drafts: StepDrafts
    studio: Studio
    tasks: Tasks
    timers: Timers
    tokens: Tokens
    verification: Verification


def services() -> Services:
    """Return the services of the application that answers this request."""
    return cast(Services, current_app.extensions["alur"])
