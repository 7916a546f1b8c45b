"""Rules about documents: data objects, references to them, and the associations that say who reads and yields them."""

from engine.bpmn.markup import Element, bpmn, children, local, text_of
from engine.bpmn.rules.diagram import Diagram, Procedure, called


def check(procedure: Procedure, diagram: Diagram) -> None:
    """Check references and associations."""
    for scope in diagram.scopes:
        for reference in children(scope, "dataObjectReference"):
            target = diagram.elements.get(reference.get("dataObjectRef"))
            if target is None or local(target) != "dataObject":
                diagram.fault(
                    reference,
                    "data_object_unknown",
                    f"Dokumen {called(reference)} menunjuk ke {reference.get('dataObjectRef') or 'kosong'}, "
                    "yang bukan data object.",
                    "Pilih data object yang dimaksud, atau buat yang baru.",
                )
        for store in children(scope, "dataStoreReference"):
            diagram.warn(
                store,
                "data_store",
                f"Penyimpanan data {called(store)} hanya digambar; mesin tidak membacanya.",
                "Gunakan data object untuk dokumen, dan register untuk tabel rujukan.",
            )
    for node in diagram.all_nodes:
        for association in children(node, "dataInputAssociation"):
            for end in children(association, "sourceRef"):
                _check_end(diagram, node, end)
            _check_mapping(diagram, node, association)
        for association in children(node, "dataOutputAssociation"):
            for end in children(association, "targetRef"):
                _check_end(diagram, node, end)
            _check_mapping(diagram, node, association)


def _check_end(diagram: Diagram, node: Element, end: Element) -> None:
    reference = diagram.elements.get(text_of(end))
    if reference is None or local(reference) not in {"dataObjectReference", "dataObject", "dataStoreReference"}:
        diagram.fault(
            end,
            "data_association_unknown",
            f"{called(node)} memakai dokumen {text_of(end) or '(kosong)'}, yang tidak ada di diagram.",
            "Sambungkan tugas ke data object yang dimaksud, atau hapus sambungannya.",
        )
        return
    if local(reference) != "dataObjectReference":
        diagram.fault(
            end,
            "data_association_unknown",
            f"{called(node)} tersambung ke {called(reference)}, yang bukan rujukan data object.",
            "Sambungkan ke data object reference.",
        )
        return
    data = diagram.elements.get(reference.get("dataObjectRef"))
    if data is not None and data.getparent() not in node.iterancestors():
        diagram.fault(
            node,
            "data_object_elsewhere",
            f"{called(node)} memakai dokumen {called(reference)} dari proses atau subproses lain.",
            "Pindahkan data object ke proses yang memuat tugas itu.",
        )


def _check_mapping(diagram: Diagram, node: Element, association: Element) -> None:
    for name in ("transformation", "assignment"):
        if association.find(bpmn(name)) is not None:
            diagram.fault(
                association,
                "data_mapping_ignored",
                f"Pada dokumen {called(node)} ada {name}, yang tidak akan dijalankan.",
                "Hitung nilainya dalam formulir (x-computed) atau tugas skrip.",
            )
