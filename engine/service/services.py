"""Every service, built once and joined: what pages, the API, the worker and the console ask."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from engine.bpmn.executor import Executor
from engine.service.authoring.deployments import Deployments
from engine.service.authoring.spreadsheet_import import StepDrafts
from engine.service.authoring.studio import Studio
from engine.service.history.finding import Finding
from engine.service.history.integrity import Checks
from engine.service.history.timelines import Histories
from engine.service.office.business_calendar import Office
from engine.service.office.earlier_documents import Precedents
from engine.service.office.monitoring import Monitoring
from engine.service.office.reading_log import Readings
from engine.service.office.register_files import RegisterFiles
from engine.service.papers.archive_package import ArchivePackages
from engine.service.papers.archives import Archives
from engine.service.papers.documents import Documents
from engine.service.papers.letter_numbers import Numbers
from engine.service.papers.printing import Printing
from engine.service.papers.public_check import Verification
from engine.service.papers.reports import Reports
from engine.service.papers.signed_files import SignedFiles
from engine.service.papers.signing import Signing
from engine.service.papers.sop_sheet import SopSheets
from engine.service.papers.uploads import Gate
from engine.service.people.absences import Absences
from engine.service.people.accounts import Accounts
from engine.service.people.api_tokens import Tokens
from engine.service.people.identities import Identities, provider_of
from engine.service.people.people import People
from engine.service.people.people_sheets import PeopleSheets
from engine.service.people.reset_links import ResetLinks
from engine.service.procedures.functions import Functions
from engine.service.procedures.procedure import Procedures
from engine.service.telling.feed import Feeds
from engine.service.telling.mail import Mail
from engine.service.telling.notices import Notices
from engine.service.telling.reaching import Reaching
from engine.service.telling.reminders import Reminders
from engine.service.telling.spreading import Spreading
from engine.service.telling.telling import Telling
from engine.service.telling.webhook import Webhook
from engine.service.work.approvals import Approvals
from engine.service.work.assignment import Assignments
from engine.service.work.completion import Tasks
from engine.service.work.grids import Grids
from engine.service.work.inbox import Inboxes
from engine.service.work.incidents import Incidents
from engine.service.work.instance_control import InstanceControl
from engine.service.work.instance_start import Starts
from engine.service.work.instances import Instances
from engine.service.work.lists import Lists
from engine.service.work.messages import Messages
from engine.service.work.taking_back import TakingBack
from engine.service.work.timers import Timers
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.keys import key
from engine.store.places import FUNCTIONS, Place


class Services:
    """The services over an open database."""

    def __init__(
        self,
        database: Database,
        data_dir: Path,
        place: Place,
        *,
        keys: Mapping[str, bytes],
        idle: timedelta,
        longest_session: timedelta,
        office_name: str,
        public_url: str,
        file_limit: int,
        webhook_inside: bool,
        openid: Mapping[str, str],
        clamd: str = "",
    ) -> None:
        """Join them: long, since it names each. *place* holds files, functions and the keys that *keys* does not."""
        executor, files, gate = Executor(), FileStore(place), Gate(database, clamd)
        functions = Functions(data_dir / FUNCTIONS, place)
        procedures = Procedures(executor, functions)
        second_factor_key = keys.get("second-factor") or key(place, "second-factor")
        self.registers = RegisterFiles(database, files)
        self.office = Office(database, Precedents(database, procedures), self.registers)
        moving = (database, executor, procedures, self.office)
        self.accounts = Accounts(
            database, self.office, idle, longest_session, office_name, second_factor_key, bool(openid)
        )
        self.archives = Archives(ArchivePackages(database, files, procedures, self.office))
        self.assignments = Assignments(*moving)
        self.checks = Checks(database, self.office)
        self.control = InstanceControl(*moving)
        self.deployments = Deployments(database, executor, procedures, self.office, functions)
        self.documents = Documents(database, files, procedures, gate, self.office.today, file_limit)
        self.finding = Finding(database, procedures, self.office)
        self.histories = Histories(database, procedures)
        self.identities = Identities(database, self.accounts, provider_of(openid) if openid else None)
        self.inbox = Inboxes(*moving)
        self.incidents = Incidents(*moving)
        self.instances = Instances(*moving)
        self.lists = Lists(database, procedures)
        self.messages = Messages(*moving)
        self.notices = Notices(database, procedures)
        self.numbers = Numbers(database, self.office, procedures)
        self.operations = Monitoring(database, files, data_dir)
        self.people = People(database, self.office, self.accounts, procedures)
        self.people_sheets = PeopleSheets(self.people, files)
        self.printing = Printing(database, files, procedures, self.office, public_url)
        self.readings = Readings(database)
        self.sheets = SopSheets(self.office)
        self.reports = Reports(database, files, procedures, self.office, self.printing, self.sheets, office_name)
        self.signing = Signing(database, files, self.accounts, SignedFiles(database, files), gate, file_limit)
        self.starts = Starts(*moving)
        self.studio = Studio(database, procedures, self.office, self.deployments)
        self.step_drafts = StepDrafts(self.studio, files)
        self.taking_back, self.absences = TakingBack(*moving), Absences(database, self.office)
        self.tasks = Tasks(*moving, self.signing)
        self.approvals = Approvals(self.tasks, self.printing)
        self.feeds = Feeds(database, self.office, procedures, public_url)
        self.grids = Grids(self.tasks, files)
        self.reset_links = ResetLinks(database, self.accounts)
        self.mail = Mail(
            database, self.office, procedures, second_factor_key, public_url, office_name, self.reset_links
        )
        self.reaching = Reaching(database, self.mail)
        self.reminders = Reminders(database, self.office, procedures)
        self.webhook = Webhook(database, self.mail, second_factor_key, webhook_inside)
        self.telling = Telling(Spreading(database, self.office), self.reminders, self.mail, self.webhook)
        self.timers = Timers(*moving)
        self.tokens = Tokens(database, self.office, self.accounts)
        self.verification = Verification(database, procedures)
