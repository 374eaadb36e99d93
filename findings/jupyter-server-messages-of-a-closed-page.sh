#!/bin/bash
# jupyter_server 2.21.1: while no page listens to a kernel, the server keeps what the kernel sends, and hands it on
# when the same page comes back, known by the `session_id` of its connection. A page that was loaded again has a new
# `session_id` (JupyterLab 4.6.6 makes one for each load), and all that was kept is thrown away at that moment, though the
# kernel is the same and the user as well: text of a cell that runs while its page is loaded again never arrives.
# Expected: what was kept is handed on to whoever asks for it first, or stays until it is asked for.
# Seen, on Python 3.11: as printed below. Exit status 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet jupyter_server==2.21.1 ipykernel==7.4.0
cat > "$folder/look.py" <<'PYTHON'
import asyncio, json, os, socket, subprocess, sys, urllib.request, uuid

from tornado.websocket import websocket_connect

CODE = """import time
from pathlib import Path
for i in range(5):
    print("line", i, flush=True)
    time.sleep(0.3)
Path("NAME").touch()"""


TOKEN = uuid.uuid4().hex


async def until(condition, seconds=60):
    for _ in range(10 * seconds):
        if condition():
            return
        await asyncio.sleep(0.1)
    sys.exit("it took too long")


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=2).status == 200
    except OSError:
        return False


def connect(port, kernel, session):
    return websocket_connect(f"ws://127.0.0.1:{port}/api/kernels/{kernel}/channels?session_id={session}&token={TOKEN}")


def request(code, session):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": session, "username": "", "version": "5.3", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    return json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []})


async def text(link, enough):
    """Printed text that arrives until there is enough, or for three seconds nothing comes."""
    said = ""
    while enough not in said:
        try:
            message = json.loads(await asyncio.wait_for(link.read_message(), 3))
        except asyncio.TimeoutError:
            break
        if message["msg_type"] == "stream":
            said += message["content"]["text"]
    return said


async def lines_after(port, back):
    """Lines that reach a page which comes back as `back` after the cell has ended."""
    head = {"Authorization": f"token {TOKEN}"}
    post = urllib.request.Request(f"http://127.0.0.1:{port}/api/kernels", b"{}", head, method="POST")
    kernel = json.load(urllib.request.urlopen(post))["id"]
    link = await connect(port, kernel, "a")
    await link.write_message(request(CODE.replace("NAME", back), "a"))
    await text(link, "line 0")
    link.close()
    await until(lambda: os.path.exists(back))
    return (await text(await connect(port, kernel, back), "line 4")).split("\n")[:-1]


async def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               f"--IdentityProvider.token={TOKEN}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await until(lambda: answers(f"http://127.0.0.1:{port}/api"))
        return [await lines_after(port, back) for back in ("a", "b")]
    finally:
        server.terminate()
        server.wait(30)


same, other = asyncio.run(main())
print("the same session_id:  ", *same, sep="  ")
print("another session_id:   ", *other or ["nothing"], sep="  ")
sys.exit(0 if "line 4" in same and not other else 1)
PYTHON
cd "$folder"
"$folder/env/bin/python" look.py
