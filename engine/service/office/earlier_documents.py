"""Documents of earlier instances of a procedure, for example of the quarters before a quarterly report.

Expressions call ``terdahulu("data_object", {"tahun": tahun})``. Values that they find are copied into the new document,
so that they do not change later. Nobody retypes a figure, and figures are not stored in a second place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.forms.defaults import CORRECTED, carried_on
from engine.forms.form import Form
from engine.model.errors import there
from engine.service.procedures.files import PARTS
from engine.service.procedures.procedure import Procedures
from engine.store.database import Database
from engine.store.queries import documents, instances

MOST = 60  # instances that one call looks at: fifteen years of quarters


@dataclass(frozen=True)
class Precedents:
    """Finds documents of completed instances."""

    database: Database
    procedures: Procedures

    def documents(
        self, process_id: str, at: datetime, data_object_id: str, started_with: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the documents of instances that are completed at *at* and have the start values *started_with*.

        The oldest comes first. Each is {"mulai": values of the start form, "isi": content, "versi": version number}.
        """
        found = []
        with self.database.read() as reader:
            for record in instances.completed(reader, process_id, at, MOST):
                procedure = self.procedures.of(reader, record.definition_id)
                start = procedure.form_of(procedure.outline.start_event).decode(record.values)
                if any(start.get(name) != value for name, value in started_with.items()):
                    continue
                version = documents.current(reader, record.id).get(data_object_id)
                if version is not None and not version.void:
                    content = procedure.content_of(version)
                    found.append({"mulai": start, "isi": content, "versi": version.version})
        return found[::-1]

    def corrected(self, instance_id: str, form: Form, names: Mapping[str, Any]) -> dict[str, Any]:
        """Return variables for a correction's form besides *names*: documents of the corrected instance.

        They apply until the correction has its own version of a document, or of the part for ``butir``.
        """
        item, known, said = names["butir"], dict[str, Any](), dict[str, Any]()
        with self.database.read() as reader:
            old = there(instances.by_id(reader, instance_id), instance_id)
            procedure, versions = self.procedures.of(reader, old.definition_id), documents.current(reader, old.id)
        for field in form.tree:
            version, own = versions.get(field.name), names.get(field.name) or {}
            if (
                version is None
                or version.void
                or (field.name in names["dokumen"] and item in own.get(PARTS, {item: own}))
            ):
                continue
            content = procedure.content_of(version)
            parts = {of: carried_on(field, part) for of, part in content.get(PARTS, {}).items()}
            known[field.name] = {PARTS: {**parts, **own.get(PARTS, {})}} if parts else carried_on(field, content)
            said[field.name] = parts.get(item) if parts else known[field.name]
        return {**known, CORRECTED: said} if said else {}
