"""A hospital counts its equipment: a procedure whose forms are tables of as many rows as somebody says at its start."""

import json

from engine.cli import CONSOLE
from tests.places import placed

PROCESS = "hitung_alat"
BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:sop="urn:alur:sop:1"
    id="definitions" targetNamespace="urn:alur:tests">
  <bpmn:process id="hitung_alat" name="Hitung alat" isExecutable="true" sop:judul="'Hitung alat ' + ruang">
    <bpmn:laneSet id="lanes">
      <bpmn:lane id="sekretaris" name="Perawat">
        <bpmn:flowNodeRef>mulai</bpmn:flowNodeRef><bpmn:flowNodeRef>isi_lembar</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>selesai</bpmn:flowNodeRef>
      </bpmn:lane>
      <bpmn:lane id="kepala_dinas" name="Kepala ruang"><bpmn:flowNodeRef>periksa_lembar</bpmn:flowNodeRef></bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="mulai" name="Mulai"/>
    <bpmn:userTask id="isi_lembar" name="Isi lembar hitung"/>
    <bpmn:userTask id="periksa_lembar" name="Periksa lembar hitung"/>
    <bpmn:endEvent id="selesai" name="Selesai"/>
    <bpmn:sequenceFlow id="ke_isi" sourceRef="mulai" targetRef="isi_lembar"/>
    <bpmn:sequenceFlow id="ke_periksa" sourceRef="isi_lembar" targetRef="periksa_lembar"/>
    <bpmn:sequenceFlow id="ke_selesai" sourceRef="periksa_lembar" targetRef="selesai"/>
  </bpmn:process>
</bpmn:definitions>
"""
FUNCTIONS = '''"""What the hospital's sheets hold."""

from decimal import Decimal


def daftar_alat(jumlah):
    """Return the equipment of a room."""
    return [
        {
            "kode": f"ALAT-{n:03}",
            "alat": f"Alat nomor {n}, lengkap dengan kabel, baterai dan buku petunjuk penggunaannya",
            "buku": Decimal(n),
            "petugas": f"Petugas {n % 3 + 1}",
            "keterangan_alat": f"Dibeli tahun {2010 + n % 10}.",
        }
        for n in range(1, int(jumlah) + 1)
    ]


def selisih(baris):
    """Return what is there too much."""
    return None if baris["ada"] is None else baris["ada"] - baris["buku"]
'''


def _text(title, **more):
    return {"type": "string", "title": title, "en": {"title": f"{title} (en)"}, **more}


def _form(title, properties, required=()):
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "en": {"title": f"{title} (en)"},
        "properties": properties,
        "required": list(required),
    }


def _number(title, kind="number", **more):
    return {"type": kind, "title": title, "en": {"title": f"{title} (en)"}, **more}


GIVEN = {
    "kode": _text("Kode", readOnly=True),
    "alat": _text("Alat", readOnly=True),
    "buku": _number("Menurut buku", "integer", readOnly=True),
    "petugas": _text("Petugas", readOnly=True),
}
STATES = [{"const": "baik", "title": "Baik"}, {"const": "rusak", "title": "Rusak"}]
VERDICTS = [
    {"const": "belum", "title": "Belum diperiksa"},
    {"const": "sesuai", "title": "Sesuai"},
    {"const": "ulang", "title": "Hitung ulang"},
]


def _rows(title, columns, required, **more):
    return {
        "type": "array",
        "title": title,
        "en": {"title": f"{title} (en)"},
        "x-default": "daftar_alat(jumlah)",
        "items": {"type": "object", "properties": columns, "required": required, **more},
    }


SCHEMAS = {
    "mulai": _form(
        "Mulai",
        {"ruang": _text("Ruang"), "jumlah": _number("Jumlah alat", "integer", minimum=0)},
        ("ruang", "jumlah"),
    ),
    "isi_lembar": _form(
        "Lembar hitung",
        {
            "catatan": _text("Catatan", maxLength=200),
            "lembar": {
                "type": "object",
                "title": "Lembar",
                "en": {"title": "Sheet"},
                "properties": {
                    "baris": _rows(
                        "Alat",
                        {
                            **GIVEN,
                            "ada": _number("Ada", minimum=0, multipleOf=0.01),
                            "selisih": _number("Selisih", **{"x-computed": "selisih(baris)"}),
                            "keadaan": _text("Keadaan", oneOf=STATES),
                            "harga": _number("Harga taksiran"),
                            "dihitung": _text("Dihitung tanggal", format="date"),
                            "uraian": _text("Uraian", maxLength=500),
                            "foto": {
                                "type": "array",
                                "title": "Foto",
                                "en": {"title": "Photos"},
                                "maxItems": 3,
                                "items": {"type": "string", "format": "file"},
                            },
                            "keterangan_alat": _text("Keterangan alat", readOnly=True),
                        },
                        ["ada", "keadaan"],
                        **{
                            "if": {"properties": {"keadaan": {"const": "rusak"}}, "required": ["keadaan"]},
                            "then": {
                                "properties": {"kerusakan": _text("Kerusakan", maxLength=300)},
                                "required": ["kerusakan"],
                            },
                        },
                    )
                },
            },
        },
    ),
    "periksa_lembar": _form(
        "Pemeriksaan",
        {
            "periksa": _rows(
                "Pemeriksaan alat",
                {
                    **GIVEN,
                    "putusan": _text("Putusan", oneOf=VERDICTS, default="belum"),
                    "alasan": _text("Alasan", maxLength=300),
                },
                ["putusan"],
                **{
                    "if": {"properties": {"putusan": {"const": "ulang"}}, "required": ["putusan"]},
                    "then": {"required": ["alasan"]},
                },
            )
        },
    ),
}
ROWS = {"ui:options": {"key": "kode", "fixedRows": True}}
SHOWN = {
    "isi_lembar": {
        "lembar": {
            "baris": {
                **ROWS,
                "items": {
                    "harga": {"ui:widget": "money"},
                    "uraian": {"ui:widget": "textarea"},
                    "foto": {"ui:options": {"accept": [".pdf", ".png", ".jpg"], "maxSize": 200000}},
                    "keterangan_alat": {"ui:options": {"aside": True}},
                },
            }
        }
    },
    "periksa_lembar": {
        "periksa": {
            "ui:options": {
                **ROWS["ui:options"],
                "verify": {
                    "column": "putusan",
                    "accept": "sesuai",
                    "return": "ulang",
                    "note": "alasan",
                    "holder": "petugas",
                },
            }
        }
    },
}


def files():
    """The procedure as it lies in a checkout."""
    found = {
        f"processes/{PROCESS}/{PROCESS}.bpmn": placed(BPMN.encode()),
        f"processes/{PROCESS}/functions.py": FUNCTIONS.encode(),
    }
    for name, schema in SCHEMAS.items():
        found[f"forms/{PROCESS}/{name}.schema.json"] = json.dumps(schema).encode()
    for name, shown in SHOWN.items():
        found[f"forms/{PROCESS}/{name}.ui.json"] = json.dumps(shown).encode()
    return found


def begin(office, rows=20, room="ICU"):
    """Deploy the procedure and start it for a room; the instance's id."""
    office.services.deployments.deploy(CONSOLE, PROCESS, files(), "uji", office.now, at_console=True)
    entries = {"ruang": [room], "jumlah": [str(rows)]}
    return office.services.starts.start(office.actor("sekretaris"), PROCESS, entries, office.now)


def counted(rows, **more):
    """The cells of a sheet whose every row was counted; *more* by column instead."""
    found = {}
    for n in range(rows):
        row = {"kode": f"ALAT-{n + 1:03}", "ada": str(n + 1), "keadaan": "baik", **more}
        found |= {f"lembar.baris.{n}.{name}": [text] for name, text in row.items()}
    return found
