"""A calculation that never ends for one number, inside the interpreter, where no thread of the process gets a turn."""


def hasil_dari(nomor):
    """Return what comes of a number."""
    return str(9**9**9) if nomor == "tanpa akhir" else nomor
