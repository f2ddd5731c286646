"""The server as a process: `python server.py MODEL PORT KEY`. It says `ready` on stdout, and ends when stdin does."""

from __future__ import annotations

import os
import sys

CONTEXT = 8192
PARALLEL = 2
THREADS = 1  # threads wait for each other by spinning: two on cores that others use are ten times slower than one
CHAT = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
"""The model was never taught a chat's marks: it reads the messages as one text, and goes on."""
MODEL = "gemma-3-270m"


def main(model: str, port: str, key: str) -> None:
    answer = os.dup(1)
    os.dup2(2, 1)  # whatever the server logs, nobody reads stdout behind the first line
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {MODEL}
    params.n_ctx = CONTEXT * PARALLEL  # the context is shared by those who ask at once
    params.n_parallel = PARALLEL
    params.cpuparams.n_threads = THREADS
    params.cpuparams_batch.n_threads = THREADS
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.sampling.seed = 1
    params.sampling.temp = 0.0
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.api_keys = [key]
    params.chat_template = CHAT
    params.use_jinja = True
    params.ui = False
    server = xllamacpp.Server(params)
    os.write(answer, f"ready {server.listening_address}\n".encode())
    sys.stdin.buffer.read()
    os._exit(0)  # nothing of it is worth a tidy end, which takes seconds


if __name__ == "__main__":
    main(*sys.argv[1:])
