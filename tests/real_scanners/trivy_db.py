"""Writes a database for Trivy from the sample's advisories, because the real one is not reached: trivy_db.py ADVISORIES FOLDER.

It is a file of bbolt: pages of 4 KiB; two meta pages, an empty list of free pages, and then one leaf for each bucket.
"""

import json
import os
import struct
import sys

PAGE = 4096
LEAF, META, FREE = 2, 4, 16
SEVERITIES = {"LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}
TYPES = {"PyPI": "pip", "npm": "npm"}


class Value:
    def __init__(self, value):
        self.bytes = json.dumps(value).encode()


class File:
    def __init__(self):
        self.pages = {}
        self.next = 3

    def bucket(self, tree):
        """Writes a bucket and those in it; gives its page. Whatever is no `Value` is a bucket."""
        items = []
        for key in sorted(tree, key=str.encode):
            value = tree[key]
            inner = not isinstance(value, Value)
            items.append((key.encode(), inner, struct.pack("<QQ", self.bucket(value), 0) if inner else value.bytes))
        heads, body = b"", b""
        for index, (key, inner, value) in enumerate(items):
            # The place is counted from the head of the element.
            at = 16 * (len(items) - index) + len(body)
            heads += struct.pack("<IIII", int(inner), at, len(key), len(value))
            body += key + value
        page, more = self.next, (16 + len(heads) + len(body) - 1) // PAGE
        self.next += 1 + more
        head = struct.pack("<QHHI", page, LEAF, len(items), more)
        self.pages[page] = (head + heads + body).ljust((1 + more) * PAGE, b"\0")
        return page

    def meta(self, page, root):
        text = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, root, 0, 2, self.next, page)
        check = 0xCBF29CE484222325
        for byte in text:
            check = ((check ^ byte) * 0x100000001B3) & (2**64 - 1)
        return (struct.pack("<QHHI", page, META, 0, 0) + text + struct.pack("<Q", check)).ljust(PAGE, b"\0")

    def written(self, tree):
        root = self.bucket(tree)
        free = struct.pack("<QHHI", 2, FREE, 0, 0).ljust(PAGE, b"\0")
        return self.meta(0, root) + self.meta(1, root) + free + b"".join(self.pages[p] for p in sorted(self.pages))


def database(advisories):
    tree = {"data-source": {}, "vulnerability": {}}
    for advisory in advisories:
        cve = next(a for a in advisory["aliases"] if a.startswith("CVE-"))
        if advisory["ecosystem"].startswith("alpine"):
            bucket, source = advisory["ecosystem"], {"ID": "alpine", "Name": "Alpine Secdb", "URL": "https://example.test/alpine"}
            affected = {"FixedVersion": advisory["fixed"]}
        else:
            kind = TYPES[advisory["ecosystem"]]
            bucket = f"{kind}::GitHub Security Advisory {kind}"
            source = {"ID": "ghsa", "Name": f"GitHub Security Advisory {kind}", "URL": f"https://example.test/{kind}"}
            affected = {"PatchedVersions": [advisory["fixed"]], "VulnerableVersions": ["<" + advisory["fixed"]]}
        tree["data-source"][bucket] = Value(source)
        tree.setdefault(bucket, {}).setdefault(advisory["package"], {})[cve] = Value(affected)
        tree["vulnerability"][cve] = Value({
            "Title": advisory["title"],
            "Description": advisory["detail"],
            "Severity": advisory["severity"],
            "CweIDs": ["CWE-1321"] if advisory["ecosystem"] == "npm" else [],
            "VendorSeverity": {"ghsa": SEVERITIES[advisory["severity"]], "nvd": SEVERITIES[advisory["severity"]]},
            "CVSS": {"ghsa": {"V3Vector": advisory["vector"], "V3Score": advisory["score"]}},
            "References": [f"https://example.test/{cve}"],
            "PublishedDate": "2020-01-02T03:04:05Z",
            "LastModifiedDate": "2020-01-02T03:04:05Z",
        })
    return tree


with open(sys.argv[1], encoding="utf-8") as file:
    tree = database(json.load(file))
os.makedirs(sys.argv[2], exist_ok=True)
with open(os.path.join(sys.argv[2], "trivy.db"), "wb") as to:
    to.write(File().written(tree))
with open(os.path.join(sys.argv[2], "metadata.json"), "w", encoding="ascii") as to:
    times = {"NextUpdate": "2999-01-01T00:00:00Z", "UpdatedAt": "2020-01-02T03:04:05Z", "DownloadedAt": "2020-01-02T03:04:05Z"}
    json.dump({"Version": 2, **times}, to)
