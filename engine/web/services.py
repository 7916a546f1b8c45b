"""The services that the pages ask, as one value on the application."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from engine.service.authoring.deployments import Deployments
from engine.service.authoring.spreadsheet_import import StepDrafts
from engine.service.authoring.studio import Studio
from engine.service.history.integrity import Checks
from engine.service.history.timelines import Histories
from engine.service.office.business_calendar import Office
from engine.service.office.monitoring import Monitoring
from engine.service.office.reading_log import Readings
from engine.service.office.registers import Registers
from engine.service.papers.archives import Archives
from engine.service.papers.documents import Documents
from engine.service.papers.letter_numbers import Numbers
from engine.service.papers.printing import Printing
from engine.service.papers.public_check import Verification
from engine.service.papers.reports import Reports
from engine.service.papers.signing import Signing
from engine.service.papers.sop_sheet import SopSheets
from engine.service.people.accounts import Accounts
from engine.service.people.api_tokens import Tokens
from engine.service.people.people import People
from engine.service.work.approvals import Approvals
from engine.service.work.grids import Grids
from engine.service.work.incidents import Incidents
from engine.service.work.instances import Instances
from engine.service.work.messages import Messages
from engine.service.work.tasks import Tasks
from engine.service.work.timers import Timers


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
    operations: Monitoring
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
