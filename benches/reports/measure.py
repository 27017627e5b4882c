"""Runs the programs in turns, and prints ratios. Called by `run`."""
import json
import os
import resource
import subprocess
import sys
import time

countersign, reference, work, rounds, sarif_tools = sys.argv[1:]
FILES = [("sarif", "sarif.json"), ("trivy", "trivy.json"), ("nessus", "nessus.xml")]
HOME = dict(os.environ, HOME=work, XDG_CONFIG_HOME=work, XDG_DATA_HOME=work, XDG_STATE_HOME=work, XDG_CACHE_HOME=work)


def ran(*command):
    """Seconds, peak memory in MB of 1024 kB, and what was printed."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=HOME)
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - begin, used.ru_maxrss / 1024, out.decode()


def cell(text, column):
    head, row = [line for line in text.splitlines() if line][:2]
    at = head.index(column)
    return row[at:].split()[0]


truth = json.load(open(os.path.join(work, "truth.json")))
print(f"{'file':<12}{'MB':>6}{'ours s':>9}{'parse s':>9}{'ratio':>7}{'peak MB':>9}{'beyond the file':>17}{'unique':>9}{'known':>9}")
for kind, name in FILES:
    path = os.path.join(work, name)
    ours, least, peak, said = [], [], 0, ""
    for _ in range(int(rounds)):
        seconds, memory, said = ran(countersign, "scan", path)
        ours.append(seconds)
        peak = max(peak, memory)
        least.append(ran(reference, kind, path)[0])
    size = os.path.getsize(path) / 2**20
    known = truth["unique_per_file"][kind]
    print(
        f"{name:<12}{size:>6.0f}{min(ours):>9.2f}{min(least):>9.2f}{min(ours) / min(least):>7.1f}{peak:>9.0f}"
        f"{peak - size:>17.0f}{cell(said, 'FINDINGS'):>9}{known:>9}"
    )
    if kind == "sarif" and sarif_tools:
        theirs, _, _ = ran(sarif_tools, "summary", path)
        print(f"  sarif-tools: {theirs:.1f} s, {theirs / min(ours):.0f} times as long as countersign scan")
