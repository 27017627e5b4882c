#!/usr/bin/env python3
"""Holds exported statements against the official schemas of OpenVEX 0.2.0, CycloneDX 1.6 and SARIF 2.1.0.

    tests/validate-exchange.py FOLDER

prints a line for each JSON file of the folder and ends with 1 if one is not valid, or if a schema is missing. Nothing is
installed or fetched. It needs Python with jsonschema[format-nongpl] and cyclonedx-python-lib, which brings the schemas of
CycloneDX; and two files:

    OpenVEX   $COUNTERSIGN_CORPUS/sigstore/sshsig-and-dsse/openvex_json_schema_v0.2.0.json
    SARIF     $COUNTERSIGN_SARIF_SCHEMA, by default that of npm's @microsoft/jest-sarif below target/tools/sarif
"""

import importlib.util
import json
import os
import pathlib
import sys

try:
    from jsonschema import FormatChecker
    from jsonschema.validators import validator_for
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT4, DRAFT7
except ImportError as why:
    sys.exit(f"validate-exchange: {why}; it needs jsonschema[format-nongpl] and cyclonedx-python-lib")

ROOT = pathlib.Path(__file__).resolve().parent.parent
SARIF = ROOT / "target/tools/sarif/package/lib/schemas/sarif-2.1.0-rtm.5.json"
# Without them texts of that format would pass unread.
FORMATS = ("date-time", "iri", "uri", "uri-reference", "iri-reference")


def openvex():
    corpus = os.environ.get("COUNTERSIGN_CORPUS")
    if not corpus:
        raise LookupError("COUNTERSIGN_CORPUS is not set")
    schema = load(pathlib.Path(corpus, "sigstore/sshsig-and-dsse/openvex_json_schema_v0.2.0.json"))
    return schema, Registry()


def cyclonedx():
    spec = importlib.util.find_spec("cyclonedx.schema")
    if spec is None:
        raise LookupError("cyclonedx-python-lib is not installed")
    folder = pathlib.Path(spec.origin).parent / "_res"
    others = {n: load(folder / f"{n}.SNAPSHOT.schema.json") for n in ("spdx", "jsf-0.82")}
    # The schema names them relative to its own id.
    names = {
        f"http://cyclonedx.org/schema/{name}{middle}.schema.json": Resource.from_contents(schema, DRAFT7)
        for name, schema in others.items()
        for middle in ("", ".SNAPSHOT")
    }
    return load(folder / "bom-1.6.SNAPSHOT.schema.json"), Registry().with_resources(names.items())


def sarif():
    schema = load(pathlib.Path(os.environ.get("COUNTERSIGN_SARIF_SCHEMA", SARIF)))
    return schema, Registry().with_resource(schema.get("id") or schema["$id"], Resource.from_contents(schema, DRAFT4))


def load(path):
    if not path.is_file():
        raise LookupError(f"{path} is missing")
    return json.loads(path.read_text(encoding="utf-8"))


def kind(document):
    if "openvex.dev" in str(document.get("@context", "")):
        return "OpenVEX 0.2.0", openvex
    if document.get("bomFormat") == "CycloneDX":
        return "CycloneDX 1.6", cyclonedx
    if "runs" in document:
        return "SARIF 2.1.0", sarif
    return None, None


def complaints(document, source):
    schema, registry = source()
    validator = validator_for(schema)
    validator.check_schema(schema)
    checker = FormatChecker()
    missing = [name for name in FORMATS if name not in checker.checkers]
    if missing:
        raise LookupError(f"jsonschema cannot check the formats {', '.join(missing)}: install jsonschema[format-nongpl]")
    found = validator(schema, registry=registry, format_checker=checker).iter_errors(document)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tests/validate-exchange.py FOLDER")
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    failed = not files
    if failed:
        print(f"{sys.argv[1]}: no JSON files")
    for file in files:
        document = json.loads(file.read_text(encoding="utf-8"))
        title, source = kind(document)
        if source is None:
            print(f"{file.name}: not valid: none of the three formats")
            failed = True
            continue
        try:
            found = complaints(document, source)
        except LookupError as why:
            print(f"{file.name}: not checked: {why}")
            failed = True
            continue
        results = [result for run in document.get("runs", []) for result in run.get("results", [])]
        count = len(document.get("statements") or document.get("vulnerabilities") or results)
        state = f"not valid: {'; '.join(found[:5])}" if found else "valid"
        print(f"{file.name}: {title}, {count} statements: {state}")
        failed = failed or bool(found)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
