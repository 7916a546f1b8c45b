"""Draws diagrams as SVG without a browser, for pages without scripts, print and the archive.

``draw`` turns BPMN DI into a self-contained picture; ``legend`` explains the states in it.
"""

from engine.bpmn.drawing.marks import DrawingWords, Mark, State, drawing_words
from engine.bpmn.drawing.picture import draw, legend
from engine.bpmn.drawing.scene import NoDrawing

__all__ = ["DrawingWords", "Mark", "NoDrawing", "State", "draw", "drawing_words", "legend"]
