"""Evaluates a template's own expressions for values, charts and sheets, once and in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn import expression
from engine.documents.charts import KINDS
from engine.documents.spreadsheets import Column, Sheet, write_book
from engine.forms.defaults import Names
from engine.model.errors import NotPrinted
from engine.service.procedures.document_templates import Template

WIDTHS = {"text": 40, "number": 16, "money": 20, "percent": 14, "date": 14}


@dataclass
class TemplateValues:
    """Evaluates a template's expressions over *names* with *functions*; NotPrinted names a failing one."""

    template: Template
    names: Names
    functions: Mapping[str, Callable[..., Any]]
    people: Mapping[str, str]  # names of accounts
    values: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.values = {}
        self.names["nilai"] = self.values  # in order, since one may use those before it
        for name, text in self.template.values.items():
            self.values[name] = self.asked(text, f"nilai.{name}")

    def asked(self, text: str, place: str) -> Any:
        """Return the value of an expression."""
        try:
            return expression.compile(text).evaluate(self.names, self.functions)
        except ValueError as error:  # from the expression or its function
            raise self.fault(place, str(error).rstrip(".")) from None

    def fault(self, place: str, cause: str) -> NotPrinted:
        """Return the error of an expression in the template's JSON."""
        return NotPrinted(f"{self.template.data_object_id}.json", None, f"{place}: {cause}")

    def charts(self) -> dict[str, bytes]:
        """Return the charts as files."""
        files = {}
        for name, chart in self.template.charts.items():
            rows = self.asked(chart.rows, f"gambar.{name}") or []
            try:
                files[f"{name}.svg"] = KINDS[chart.kind](chart.title, rows)
            except (TypeError, AttributeError, ValueError, ArithmeticError) as error:
                raise self.fault(f"gambar.{name}", f"barisnya tidak dapat digambar ({error})") from None
        return files

    def workbook(self, about: Mapping[str, str], *beside: Sheet) -> bytes:
        """Return a workbook of the sheets and the sheets *beside* them."""
        sheets = []
        for place, each in enumerate(self.template.sheets, start=1):
            columns = [Column(key, title, width=WIDTHS.get(kind, 16), kind=kind) for key, title, kind in each.columns]
            rows = self.asked(each.rows, f"lembar {place}") or []
            known = {column.name for column in columns}
            try:
                rows = [{name: self._cell(value) for name, value in row.items() if name in known} for row in rows]
            except (TypeError, AttributeError):
                raise self.fault(f"lembar {place}", "barisnya bukan daftar baris dengan nama kolom") from None
            sheets.append(Sheet(each.title, columns, rows))
        try:
            return write_book([*sheets, *beside], dict(about))
        except (TypeError, ValueError) as error:
            raise self.fault("lembar", f"tidak dapat ditulis sebagai XLSX ({error})") from None

    def _cell(self, value: Any) -> Any:
        """Return a value for a cell; accounts become names."""
        return self.people.get(value, value) if isinstance(value, str) else value
