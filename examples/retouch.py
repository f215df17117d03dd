#!/usr/bin/env python3
"""Retouches one picture: start, poll, download. Python 3.8 or newer, standard library only.

    python3 retouch.py PICTURE [--layers] [--out FILE] [--base URL] [--token TOKEN]

Base URL and token may also come from ATELIER_URL and ATELIER_TOKEN.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

BALANCED = [
    {"Plugin": "Heal", "Alpha1": 1.0},
    {"Plugin": "Fabric", "Alpha1": 0.39},
    {"Plugin": "Eye Vessels", "Alpha1": 1.0},
    {"Plugin": "Eye Brilliance", "Alpha1": 0.5},
    {"Plugin": "White Teeth", "Alpha1": 0.25, "Alpha2": 0.25},
    {"Plugin": "Dodge Burn", "Scale": 2, "Alpha1": 1.0, "Alpha2": 0.2},
    {"Plugin": "Skin Tone", "Alpha1": 1.0, "Alpha2": 1.0},
    {"Plugin": "Portrait Volumes", "Alpha1": 0.5},
]
START_TIMEOUT = 60
STATUS_TIMEOUT = 30
FILE_TIMEOUT = 120
JOB_TIMEOUT = 300
TRIES = 3


class Refused(Exception):
    """The server said no; trying again will not help."""


class Unreachable(Exception):
    """The network or the server failed; trying again may help."""


def send(request, timeout):
    """Body and content type of a 200; errors are raised, told apart by what helps."""
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.read(), answer.headers.get("Content-Type", "")
    except urllib.error.HTTPError as error:
        text = message(error.read(), error.code)
        if error.code >= 500 or error.code == 429:
            raise Unreachable(text) from error
        raise Refused(text) from error
    except OSError as error:  # no connection, time-out, cut off
        raise Unreachable(str(error)) from error


def message(body, code):
    try:
        return f"{code}: {json.loads(body)['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{code}: the server gave no reason"


def patiently(work):
    """Does `work`, again after a pause when the network failed."""
    for attempt in range(TRIES):
        try:
            return work()
        except Unreachable as error:
            if attempt == TRIES - 1:
                raise
            print(f"trying again: {error}", file=sys.stderr)
            time.sleep(2**attempt)


def answer_of(body):
    """The JSON of an answer. Its own `status` counts as much as that of HTTP."""
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise Unreachable("the answer is not JSON") from error
    if answer.get("status") != 200:
        raise Refused(f"{answer.get('status')}: {answer.get('message', 'no reason given')}")
    return answer


def start(base, token, picture, payload):
    boundary = uuid.uuid4().hex
    name = os.path.basename(picture).replace('"', "_")
    with open(picture, "rb") as file:
        content = file.read()
    body = b"".join(
        [
            f'--{boundary}\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{json.dumps(payload)}\r\n'.encode(),
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode(),
            content,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "X-Retouch-Token": token,
        # The same key in every try: a try whose answer was lost is not processed twice.
        "Idempotency-Key": str(uuid.uuid4()),
    }
    request = urllib.request.Request(f"{base}/api/v1/retoucher/start", body, headers, method="POST")
    return answer_of(patiently(lambda: send(request, START_TIMEOUT))[0])


def wait(base, job):
    deadline = time.monotonic() + JOB_TIMEOUT
    pause = 0.5
    while time.monotonic() < deadline:
        request = urllib.request.Request(f"{base}/api/v1/retoucher/status/{job}")
        status = answer_of(patiently(lambda: send(request, STATUS_TIMEOUT))[0])
        if status["state"] == "completed":
            return
        if status["state"] == "failed":
            raise Refused(f"the job failed: {status['reason']}")
        print(f"{status['state']} {status['progress']} % {status['pluginName'] or status['currentStep']}", file=sys.stderr)
        time.sleep(pause)
        pause = min(pause * 1.5, 5)
    raise Unreachable(f"job {job} was not done within {JOB_TIMEOUT} s; ask for it later")


def extension(content):
    """The kind of the result, told by its first bytes."""
    for magic, own in [(b"PK", "zip"), (b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpg")]:
        if content.startswith(magic):
            return own
    raise Refused("the result is neither a picture nor a ZIP")


def main():
    parser = argparse.ArgumentParser(description="Retouches one picture.")
    parser.add_argument("picture")
    parser.add_argument("--layers", action="store_true", help="a ZIP with a layer for each plugin")
    parser.add_argument("--out", help="where the result goes; without it beside the picture")
    parser.add_argument("--base", default=os.environ.get("ATELIER_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--token", default=os.environ.get("ATELIER_TOKEN", ""))
    options = parser.parse_args()
    if not options.token:
        parser.error("give --token, or set ATELIER_TOKEN")
    base = options.base.rstrip("/")

    tasks = [dict(task, Layer=1) for task in BALANCED] if options.layers else BALANCED
    started = start(base, options.token, options.picture, {"mode": "professional", "tasks": tasks})
    print(f"job {started['id']}, {started['retouchQuota']} left today", file=sys.stderr)
    wait(base, started["id"])
    request = urllib.request.Request(f"{base}/api/v1/retoucher/getFile/{started['id']}")
    content, _ = patiently(lambda: send(request, FILE_TIMEOUT))
    out = options.out or f"{os.path.splitext(options.picture)[0]}_retouched.{extension(content)}"
    extension(content)
    with open(out, "wb") as file:
        file.write(content)
    print(out)


if __name__ == "__main__":
    try:
        main()
    except (Refused, Unreachable, OSError) as error:
        sys.exit(f"retouch.py: {error}")
