"""A diagram as SVG without a browser: for pages without scripts, print, mail and the archive.

``draw`` reads BPMN DI and writes one self-contained picture; ``legend`` explains the states that it shows.
"""

from engine.bpmn.drawing.marks import DrawingWords, Mark, State
from engine.bpmn.drawing.picture import draw, legend
from engine.bpmn.drawing.scene import NoDrawing

__all__ = ["DrawingWords", "Mark", "NoDrawing", "State", "draw", "legend"]
