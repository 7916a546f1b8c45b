"""Joins photographs of a paper to one PDF, with a page for each, in order."""

import io
from collections.abc import Sequence
from typing import BinaryIO

from engine.documents.typst_renderer import PRESS, Order

MOST = 40
HEAD = '#set document(title: "Foto")\n#set text(lang: "id")\n#set page(paper: "a4", margin: 8mm)\n'
SHEET = '#align(center + horizon, image("{name}", width: 100%, height: 100%, fit: "contain", alt: "Foto {n}"))\n'


def joined(photographs: Sequence[tuple[str, BinaryIO]]) -> BinaryIO:
    """Return a PDF of pictures with their media types; NotPrinted if one cannot be read."""
    files = {f"{n}.{kind.rpartition('/')[2]}": photo.read() for n, (kind, photo) in enumerate(photographs, start=1)}
    sheets = [SHEET.format(name=name, n=n) for n, name in enumerate(files, start=1)]
    template = HEAD + "#pagebreak()\n".join(sheets)
    order = Order("foto.typ", {**files, "foto.typ": template.encode()}, b"{}")
    return io.BytesIO(PRESS.print(order).content)
