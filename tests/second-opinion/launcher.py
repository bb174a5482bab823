"""Runs EventRelay as a stack deployed from template.yaml onto MiniStack.

Takes the options of `cargo local` that the whole-system tests use, and prints the same line of JSON
when it is ready. Ends with Ctrl-C.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from deployment import Deployment
from doors import serve_admin, serve_api
from emulator import Emulator, StandIns
from upstreams import Upstreams

REPOSITORY = Path(__file__).resolve().parents[2]


def main():
    options = arguments()
    data = options.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    binaries = options.binaries.resolve()
    running = data / "running.json"

    def deploy(url: str, stand_ins: dict[str, str]) -> Deployment:
        cache = binaries / "second-opinion"
        deployment = Deployment(url, options.template, binaries, cache, Upstreams(stand_ins))
        deployment.deploy(options.api_key)
        return deployment

    if options.redeploy:
        ready = json.loads(running.read_text())
        deploy(ready["aws"]["dynamodb"], ready["running"])
        return
    stand_ins = StandIns(binaries / "examples" / "standins")
    emulator = Emulator(data, options.verbose)
    emulator.wait_until_ready()
    deployment = deploy(emulator.url, stand_ins.urls)
    ready = {
        "api": serve_api(deployment),
        "api_key": options.api_key,
        "aws": {name: emulator.url for name in ("dynamodb", "s3", "secrets_manager", "sqs")},
        "standins": deployment.upstreams.stand_ins,
        "admin": serve_admin(deployment, emulator.process.pid),
        "resources": deployment.resources,
    }
    running.write_text(json.dumps(ready | {"running": stand_ins.urls}))
    print(json.dumps(ready), flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    emulator.stop()
    stand_ins.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="taken for granted")
    parser.add_argument("--no-build", action="store_true", help="taken for granted")
    parser.add_argument("--port", type=int, default=0, help="not used: the emulator takes a free one")
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of all state")
    parser.add_argument("--redeploy", action="store_true", help="redeploy the stack that runs on this folder, then exit")
    parser.add_argument("--faults", action="store_true", help="not used: there is no proxy to break things")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--template", type=Path, default=REPOSITORY / "template.yaml")
    parser.add_argument("--binaries", type=Path, default=REPOSITORY / "target" / "debug")
    return parser.parse_args()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main())
