"""Starts the real `placet serve` on a free loopback port, and stops it."""

import os
import pathlib
import socket
import subprocess
import tempfile
import time

import requests

START_LIMIT_S = 20
# A graceful stop may take 10 s for what is in flight.
STOP_LIMIT_S = 12


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, declarations):
        port = free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="server-", dir=os.environ.get("PLACET_WORK")))
        self.issuer = f"http://127.0.0.1:{port}"
        config = folder / "placet.toml"
        config.write_text(
            f'public_origin = "{self.issuer}"\nlisten = "127.0.0.1:{port}"\ndevelopment = true\n'
            f'database_url = "sqlite:{folder}/placet.db"\n'
            f"[limits]\nrequests_per_source_s = 0\npoll_interval_s = 1\n{declarations}",
            encoding="utf-8",
        )
        self.log = folder / "server.log"
        with self.log.open("w") as log:
            command = [os.environ["PLACET_BIN"], "serve", "--config", str(config)]
            # The server reads every PLACET_ variable as a setting; those of the gate are none.
            plain = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
            self.child = subprocess.Popen(command, cwd=folder, env=plain, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.metadata = self._wait()

    def _wait(self):
        until = time.monotonic() + START_LIMIT_S
        while time.monotonic() < until and self.child.poll() is None:
            try:
                reply = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5)
                if reply.ok:
                    return reply.json()
            except requests.ConnectionError:
                pass
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
