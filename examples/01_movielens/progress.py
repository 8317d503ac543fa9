# SPDX-License-Identifier: Apache-2.0
"""Runs a program and shows how far it is: a bar from lines `[n/m]` on its standard error, else the seconds."""
import re
import subprocess
import sys
import threading
import time

COUNTS = re.compile(r"^\[(\d+)/(\d+)\]$")
WIDTH = 30


def run(text, command):
    """Returns the standard output; raises RuntimeError with what the program said when it fails."""
    begin, bar, said = time.monotonic(), "", []
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output = []
    reader = threading.Thread(target=lambda: output.append(process.stdout.read()))
    reader.start()

    def listen():
        nonlocal bar
        for line in process.stderr:
            if counts := COUNTS.match(line.strip()):
                done, total = int(counts[1]), int(counts[2])
                filled = WIDTH * done // max(total, 1)
                bar = f" [{'#' * filled}{' ' * (WIDTH - filled)}] {done}/{total}"
            else:
                said.append(line)

    listener = threading.Thread(target=listen)
    listener.start()
    terminal, shown = sys.stderr.isatty(), 0
    while listener.is_alive():
        listener.join(0.2)
        seconds = time.monotonic() - begin
        if seconds - shown > (0 if terminal else 20):
            shown = seconds
            print(f"\r\033[K{text}{bar} {seconds:.0f} s" if terminal else f"{text}{bar} {seconds:.0f} s", end="" if terminal else "\n", file=sys.stderr, flush=True)
    reader.join()
    if terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if process.wait() != 0:
        raise RuntimeError(f"{text}: exit status {process.returncode} of {' '.join(map(str, command))}\n{''.join(said).strip()}")
    if time.monotonic() - begin > 1:
        print(f"{text}: {time.monotonic() - begin:.1f} s", file=sys.stderr)
    return output[0]
