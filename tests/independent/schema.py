"""The part of JSON Schema that our schemas use, in Python's standard library."""
import json, os, re
from pathlib import Path

KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


class Bad(Exception):
    """Why a document does not count."""


def need(condition, why):
    if not condition:
        raise Bad(why)


def load(name):
    """A published schema; COUNTERSIGN_SCHEMAS names their folder where this file lies elsewhere."""
    folder = os.environ.get("COUNTERSIGN_SCHEMAS") or Path(__file__).resolve().parents[2] / "assets/schema"
    return json.loads((Path(folder) / f"{name}.json").read_text())


def fits(root, rule, value, at="statement"):
    """Refuses a value that a rule of the schema `root` does not allow."""
    if isinstance(rule, bool):
        return need(rule, f"{at} may not be there")
    if "$ref" in rule:
        fits(root, root["$defs"][rule["$ref"].rsplit("/", 1)[1]], value, at)
    if kind := KINDS.get(rule.get("type")):
        need(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)), f"{at} is not of type {rule['type']}")
    for allowed in ([[rule["const"]]] if "const" in rule else []) + ([rule["enum"]] if "enum" in rule else []):
        need(any((type(value), value) == (type(a), a) for a in allowed), f"{at} is none of {allowed}")
    if isinstance(value, str):
        need(re.search(rule.get("pattern", ""), value) and len(value) >= rule.get("minLength", 0), f"{at} is not as it should be")
    elif isinstance(value, int):
        need(rule.get("minimum", value) <= value <= rule.get("maximum", value), f"{at} is out of range")
    elif isinstance(value, list):
        need(len(value) >= rule.get("minItems", 0), f"{at} is empty")
        for item in value:
            fits(root, rule.get("items", True), item, f"{at}[]")
    elif isinstance(value, dict):
        need(len(value) >= rule.get("minProperties", 0), f"{at} is empty")
        for name in rule.get("required", []):
            need(name in value, f"{at}.{name} is missing")
        for name, item in value.items():
            fits(root, rule.get("properties", {}).get(name, rule.get("additionalProperties", True)), item, f"{at}.{name}")
        if "if" in rule:
            try:
                fits(root, rule["if"], value)
            except Bad:
                return
            fits(root, rule["then"], value, at)
