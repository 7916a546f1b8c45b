"""Secrets are made once, for their owner alone, and never silently made anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.model.errors import SetupError
from engine.store.keys import key
from engine.store.places import Folder
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def secret(data_dir):
    return key(Folder(data_dir), "secret")


def test_a_key_is_made_at_the_first_start_and_kept(tmp_path):
    data_dir = tmp_path / "data"
    first = secret(data_dir)
    assert len(first) == 32
    assert secret(data_dir) == first != key(Folder(data_dir), "lain")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (data_dir, data_dir / "keys")}
    modes |= {path.name: path.stat().st_mode & 0o777 for path in (data_dir / "keys").iterdir()}
    assert modes == {"data": 0o700, "keys": 0o700, "secret.key": 0o600, "lain.key": 0o600}


def test_a_key_that_others_could_read_is_closed(data_dir):
    secret(data_dir)
    path = data_dir / "keys" / "secret.key"
    path.chmod(0o644)
    data_dir.chmod(0o755)
    secret(data_dir)
    assert path.stat().st_mode & 0o777 == 0o600
    assert data_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"pendek"])
def test_a_broken_key_is_refused_and_not_replaced(data_dir, content):
    secret(data_dir)
    path = data_dir / "keys" / "secret.key"
    path.write_bytes(content)
    with pytest.raises(SetupError, match="Pulihkan kunci itu dari cadangan"):
        secret(data_dir)
    assert path.read_bytes() == content


def test_a_key_that_cannot_be_read_or_kept_is_told_with_its_place(data_dir, tmp_path):
    (data_dir / "keys" / "secret.key").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"secret\.key.*directory") as refused:
        secret(data_dir)
    assert "Errno" not in str(refused.value)
    (tmp_path / "berkas").write_text("bukan map")
    with pytest.raises(SetupError, match=r"berkas/keys.*exists"):
        secret(tmp_path / "berkas")


def test_processes_that_start_together_get_one_key(data_dir):
    script = (
        "import sys; from pathlib import Path; from engine.store.keys import key; "
        "from engine.store.places import Folder; sys.stdin.read(1); "
        "print(key(Folder(Path(sys.argv[1])), 'secret').hex())"
    )
    command = [sys.executable, "-c", script, str(data_dir)]
    processes = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    made = [process.communicate(b"x", timeout=PATIENCE)[0] for process in processes]
    assert len(set(made)) == 1
    assert bytes.fromhex(made[0].decode()) == secret(data_dir)
    assert [path.name for path in (data_dir / "keys").iterdir()] == ["secret.key"]
