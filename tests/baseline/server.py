"""Starts an application the way the benchmark expects it: one worker on a free port of 127.0.0.1,
the port printed as the first line of standard output once the socket listens."""

import socket

import uvicorn
from fastapi import FastAPI


def serve(app: FastAPI) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=[listener])
