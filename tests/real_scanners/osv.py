"""Answers pip-audit as OSV does, from the sample's advisories: osv.py ADVISORIES PORT_FILE, until it is ended."""

import http.server
import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    ADVISORIES = json.load(file)


def record(advisory):
    package = {"name": advisory["package"], "ecosystem": advisory["ecosystem"]}
    events = [{"introduced": "0"}, {"fixed": advisory["fixed"]}]
    return {
        "id": advisory["id"],
        "aliases": advisory["aliases"],
        "summary": advisory["title"],
        "details": advisory["detail"],
        "published": "2020-01-02T03:04:05Z",
        "modified": "2020-01-02T03:04:05Z",
        "severity": [{"type": "CVSS_V3", "score": advisory["vector"]}],
        "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
        of = [a for a in ADVISORIES if (a["ecosystem"], a["package"]) == (asked["ecosystem"], asked["name"].lower())]
        body = json.dumps({"vulns": [record(a) for a in of]} if of else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
# Complete at once: whoever waits for it never reads half a number.
with open(sys.argv[2] + ".new", "w", encoding="ascii") as file:
    file.write(str(server.server_port))
os.replace(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
