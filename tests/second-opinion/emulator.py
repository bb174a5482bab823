"""The processes that a deployed stack needs: the emulator and the stand-ins of the upstreams.

All of them die with this process, however it ends.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
CREDENTIALS = "local"
START_SECONDS = 120

PR_SET_PDEATHSIG = 1


def _die_with_parent():
    # This process waits for signals, its children are ended by them.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    """A MiniStack of its own, on loopback, that keeps everything in one folder."""

    def __init__(self, data: Path, verbose: bool):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        state = data / "ministack"
        scratch = state / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        # Functions inherit all of this, so nothing of this process is passed on but what they need.
        environment = {
            name: os.environ[name] for name in ("PATH", "RUST_BACKTRACE") if name in os.environ
        } | {
            "AWS_ACCESS_KEY_ID": CREDENTIALS,
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            # Functions have the rights of their roles, and no others.
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # Listens on all interfaces otherwise.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "INFO" if verbose else "WARNING",
            "MINISTACK_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "PYTHONUNBUFFERED": "1",
            "S3_DATA_DIR": str(state / "s3"),
            "S3_PERSIST": "1",
            "STATE_DIR": str(state / "state"),
            "TMPDIR": str(scratch),
        }
        self.log = open(data / "ministack.log", "ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=data,
            env=environment,
            stdin=subprocess.DEVNULL,
            # With it what functions write that read queues.
            stdout=sys.stderr if verbose else self.log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,
        )

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"MiniStack ended with {self.process.returncode}: see {self.log.name}")
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5) as answer:
                    json.load(answer)
                    return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self):
        """Ends it so that it keeps its state."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


class StandIns:
    """Stand-ins of the upstreams."""

    def __init__(self, binary: Path):
        self.process = subprocess.Popen(
            [binary], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=_die_with_parent
        )
        lines = [self.process.stdout.readline().split() for _ in range(5)]
        self.urls = dict(lines)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
