"""Places for diagrams of tests, which are written without: what they are about is not how they look."""

import re

from engine.bpmn.drawing.scene import undrawn
from engine.bpmn.safe_xml import Unreadable, read

_DI = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
)
_SHAPE = '<bpmndi:BPMNShape bpmnElement="{}"><dc:Bounds x="{}" y="100" width="100" height="80"/></bpmndi:BPMNShape>'
_EDGE = '<bpmndi:BPMNEdge bpmnElement="{}"><di:waypoint x="0" y="0"/><di:waypoint x="9" y="9"/></bpmndi:BPMNEdge>'


def placed(xml: bytes) -> bytes:
    """Return *xml* with a place for everything, on its last line; as it is if it has places or is no BPMN."""
    if b"BPMNDiagram" in xml:
        return xml
    try:
        root = read(xml)
    except Unreadable:
        return xml
    ids = [each.get("id") for each in undrawn(root)]
    flows = re.findall(r"<(?:\w+:)?sequenceFlow[^>]*?\bid=\"([^\"]+)\"", xml.decode())
    drawn = [_SHAPE.format(id_, 150 * place) for place, id_ in enumerate(ids)] + [_EDGE.format(id_) for id_ in flows]
    plane = f"<bpmndi:BPMNDiagram {_DI}><bpmndi:BPMNPlane>{''.join(drawn)}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
    return re.sub(rb"</(\w+:)?definitions>\s*$", lambda end: plane.encode() + end[0], xml)
