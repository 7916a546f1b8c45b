"""Reads untrusted XML safely, and helps with the namespaces of BPMN files."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
SOP = "urn:alur:sop:1"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

MAX_BYTES = 2_000_000

Element = Any  # lxml's elements carry no types


class Unreadable(ValueError):
    """The bytes are not XML that Alur reads; the message says why, *line* where."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def read(xml: bytes) -> Element:
    """Return the root element of *xml*; Unreadable if it is too large, not well-formed or has a DOCTYPE.

    Comments and processing instructions are dropped, so that a comment does not split a text.
    """
    if len(xml) > MAX_BYTES:
        raise Unreadable(f"berkas berukuran {len(xml):,} byte, batasnya {MAX_BYTES:,}".replace(",", "."))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        reason = "DOCTYPE tidak diterima" if b"<!DOCTYPE" in xml else "tidak utuh, terlalu dalam, atau salah tata tulis"
        raise Unreadable(reason, error.lineno) from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable("DOCTYPE tidak diterima", 1)
    return root


def read_diagram(xml: bytes) -> Element:
    """Return the root of *xml* with references to shared event definitions replaced by copies.

    (BPMN 2.0.2, 10.5.1, eventDefinitionRefs.) The rules report references without a target.
    """
    root = read(xml)
    shared = {each.get("id"): each for each in children(root) if local(each).endswith("EventDefinition")}
    for reference in list(root.iter(bpmn("eventDefinitionRef"))):
        definition = shared.get(text_of(reference))
        if definition is not None:
            copy = deepcopy(definition)
            del copy.attrib["id"]
            reference.getparent().replace(reference, copy)
    return root


def renamed(xml: bytes, before: str, after: str) -> bytes:
    """Return *xml* with the process *before* renamed to *after*, with all references, and executable."""
    root = read(xml)
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            if value == before and name != "name":
                element.set(name, after)
        if element.tag == bpmn("process") and element.get("id") == after:
            element.set("isExecutable", "true")
        elif local(element).endswith("Ref") and text_of(element) == before:
            element.text = after
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def local(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(etree.QName(element).localname)


def namespace(element: Element) -> str:
    """Return the namespace of an element; empty if it has none."""
    return str(etree.QName(element).namespace or "")


def bpmn(name: str) -> str:
    """Return *name* as lxml writes a BPMN tag."""
    return f"{{{BPMN}}}{name}"


def sop(name: str) -> str:
    """Return *name* as lxml writes an attribute or tag of our own namespace."""
    return f"{{{SOP}}}{name}"


def identified(root: Element) -> dict[str, Element]:
    """Return the BPMN elements at or below *root* by id; of duplicates the first."""
    found: dict[str, Element] = {}
    for element in root.iter(f"{{{BPMN}}}*"):
        if element.get("id"):
            found.setdefault(str(element.get("id")), element)
    return found


def nearest_identified(element: Element) -> Element:
    """Return *element*, or the nearest element around it that has an id; None if there is none."""
    while element is not None and not element.get("id"):
        element = element.getparent()
    return element


def children(element: Element, *names: str) -> Iterator[Element]:
    """Yield the BPMN children of *element*: all, or those with one of *names*."""
    wanted = {bpmn(name) for name in names}
    for child in element:
        if child.tag in wanted or (not wanted and namespace(child) == BPMN):
            yield child


def form_of(task: Element) -> str:
    """Return the form id of a task: the stem of SpiffWorkflow's formJsonSchemaFilename, else the element's id."""
    for each in task.iter(f"{{{SPIFF}}}property"):
        if each.get("name") == "formJsonSchemaFilename" and each.get("value"):
            return re.sub(r"(\.schema|-schema)?\.json$", "", str(each.get("value")))
    return str(task.get("id"))


def text_of(element: Element | None) -> str:
    """Return the stripped text of an element; empty for None."""
    return "" if element is None else str(element.text or "").strip()
