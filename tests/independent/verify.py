#!/usr/bin/env python3
"""Verifies release decisions without Countersign: Python's standard library, ssh-keygen and openssl.

    verify.py --gate G --env E [--attempt A] [--artifact D]... [--commit C] [--option I] [--policy D] [--at T] --trust DIR ENVELOPE...

Exit 0: approved. 11: not, with the reasons on standard error. Written from docs/statement.md; it shares no code with Countersign.
"""
import argparse, base64, json, re, subprocess, sys, tempfile, tomllib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import quorum
from schema import Bad, fits, load, need

NAMESPACE = "release-decision@countersign.dev"
KEYS = re.compile(r"(sk-)?(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256)(-cert-v01)?(@openssh\.com)?")
SPKI = {"ssh-ed25519": "302a300506032b6570032100", "ecdsa-sha2-nistp256": "3059301306072a8648ce3d020106082a8648ce3d030107034200"}


def run(*argv, stdin=b""):
    done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True)
    return done.returncode == 0, done.stdout.decode(errors="replace")


def parse(data):
    """JSON in which no key stands twice and every number is a small integer."""
    def pairs(items):
        need(len(dict(items)) == len(items), "a key is given twice")
        return dict(items)

    def number(text):
        need(re.fullmatch("-?[0-9]{1,15}", text), f"the number {text[:20]} is not a small integer")
        return int(text)

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_int=number, parse_float=number, parse_constant=number)
    except (ValueError, RecursionError) as error:
        raise Bad(f"it is not JSON: {error}") from error


def strings(blob, count):
    """The first strings of SSH's binary form, and what follows them."""
    out = []
    for _ in range(count):
        size = int.from_bytes(blob[:4], "big")
        need(4 <= 4 + size <= len(blob), "a string is cut short")
        out, blob = out + [blob[4:4 + size]], blob[4 + size:]
    return out, blob


def accepted(key, tmp):
    """The kind and the fingerprint of a public key in SSH's binary form."""
    kind = strings(key, 1)[0][0].decode()
    need(KEYS.fullmatch(kind), f"keys of kind {kind!r} are not accepted")
    (tmp / "key.pub").write_text(f"{kind} {base64.b64encode(key).decode()}\n")
    good, said = run("ssh-keygen", "-l", "-f", tmp / "key.pub")
    need(good and ("RSA" not in said or int(said.split()[0]) >= 2048), "the key is broken or too short")
    return kind, said.split()[1]


def by_ssh(trust, sig, signed, at, tmp):
    """Principal and fingerprint of an OpenSSH signature."""
    (tmp / "sig").write_bytes(sig)
    blob = base64.b64decode("".join(sig.decode().split("-----")[2].split()), validate=True)
    need(blob[:10] == b"SSHSIG\0\0\0\1", "it is not a signature of OpenSSH, version 1")
    (key, _, _, _, inner), _ = strings(blob[10:], 5)
    kind, fingerprint = accepted(key, tmp)
    (algorithm, _), trailer = strings(inner, 2)
    need(algorithm != b"ssh-rsa", "it uses SHA-1")
    need(not kind.startswith("sk-") or (len(trailer) == 5 and trailer[0] & 1), "the hardware key was not touched")
    when = f"verify-time={at:%Y%m%d%H%M%S}Z"
    _, names = run("ssh-keygen", "-Y", "find-principals", "-f", trust / "allowed_signers", "-s", tmp / "sig", "-O", when)
    names = set(names.split())
    need(len(names) == 1 and not set("*?!,") & set("".join(names)), f"the key does not name exactly one principal: {names}")
    principal = names.pop()
    revoked = ["-r", trust / "revoked.krl"] if (trust / "revoked.krl").exists() else []
    good, _ = run("ssh-keygen", "-Y", "verify", "-f", trust / "allowed_signers", "-I", principal, "-n", NAMESPACE,
                  "-s", tmp / "sig", "-O", when, *revoked, stdin=signed)
    need(good, "ssh-keygen does not verify it")
    return principal, fingerprint


def by_raw(trust, sig, signed, at, tmp, keyid):
    """Principal and fingerprint of a bare signature, whose key is found by its fingerprint."""
    line = re.compile(r'(\S+) (?:((?:[a-z-]+(?:="[^"]*")?,?)+) )?((?:ssh|ecdsa)-\S+) (\S+)')
    for principal, options, kind, key in line.findall((trust / "allowed_signers").read_text()):
        key, options = base64.b64decode(key), dict(re.findall(r'([a-z-]+)(?:="([^"]*)")?', options))
        if kind not in SPKI or "cert-authority" in options or accepted(key, tmp)[1] != keyid:
            continue
        need(NAMESPACE in options.get("namespaces", "").split(","), "the line of the key does not name our namespace")
        bounds = [options.get(o, d).rstrip("Z").ljust(14, "0") for o, d in (("valid-after", "0"), ("valid-before", "9" * 14))]
        need(bounds[0] <= f"{at:%Y%m%d%H%M%S}" <= bounds[1], "the key is not valid at that time")
        need(not set("*?!,") & set(principal), "the key does not name exactly one principal")
        krl = trust / "revoked.krl"
        need(not krl.exists() or run("ssh-keygen", "-Q", "-f", krl, tmp / "key.pub")[0], "the key is revoked")
        point = strings(key, 3 if kind.startswith("ecdsa") else 2)[0][-1]
        (tmp / "key.der").write_bytes(bytes.fromhex(SPKI[kind]) + point)
        (tmp / "sig").write_bytes(sig)
        (tmp / "signed").write_bytes(signed)
        digest = ["-digest", "sha256"] if kind.startswith("ecdsa") else []
        good, _ = run("openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", tmp / "key.der", "-rawin", *digest,
                      "-in", tmp / "signed", "-sigfile", tmp / "sig")
        need(good, "openssl does not verify it")
        return principal, keyid
    raise Bad("its key is not listed")


def verify(path, trust, at):
    """The statement of an envelope that is good, and who signed it."""
    envelope = parse(path.read_bytes())
    need(isinstance(envelope, dict) and set(envelope) == {"payload", "payloadType", "signatures"}, "it is not an envelope")
    need(envelope["payloadType"] == "application/vnd.in-toto+json", "its payloadType is another")
    need(len(envelope["signatures"]) == 1, "it has not exactly one signature")
    signature = envelope["signatures"][0]
    need(set(signature) == {"keyid", "sig"}, "its signature has other fields")
    payload, sig = (base64.b64decode(text, validate=True) for text in (envelope["payload"], signature["sig"]))
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    with tempfile.TemporaryDirectory() as tmp:
        if sig.startswith(b"-----BEGIN SSH SIGNATURE-----"):
            principal, fingerprint = by_ssh(trust, sig, signed, at, Path(tmp))
        else:
            principal, fingerprint = by_raw(trust, sig, signed, at, Path(tmp), signature["keyid"])
    need(signature["keyid"] == fingerprint, "its keyid names another key")
    statement = parse(payload)
    # RFC 8785, for text whose keys are ASCII and whose numbers are small integers.
    canonical = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    need(canonical == payload, "its payload is not canonical")
    schema = load("release-decision-v1")
    fits(schema, schema, statement)
    p = statement["predicate"]
    need(p["approver"]["principal"] == principal, "it names another approver")
    need(p["approver"]["keyFingerprint"] == fingerprint, "it names another key")
    need(all(s["digest"] for s in statement["subject"]), "a subject has no digest")
    need(p["notBefore"] <= p["notAfter"] and p["issuedAt"] <= p["notAfter"], "its times contradict each other")
    need(p["decision"] != "revoke" or "supersedes" in p, "it revokes nothing")
    need(p["decision"] == "approve" and not {"breakGlass", "delegation"} <= set(p) or not {"breakGlass", "delegation"} & set(p), "its entitlement contradicts it")
    need(p["decision"] == "comment" or "reviews" not in p, "it reviews, and is no comment")
    for items in (p["policy"].get("roles", []), [[e["name"], e.get("principal", ""), e["reason"]] for e in p["policy"].get("excluded", [])]):
        need(all(a < b for a, b in zip(items, items[1:])), "a list of its policy is not sorted")
    now, later = (f"{t:%Y-%m-%dT%H:%M:%S}.{t.microsecond // 1000:03}Z" for t in (at, at + timedelta(seconds=120)))
    need(max(p["notBefore"], p["issuedAt"]) <= later, "it holds only later")
    need(now <= p["notAfter"], "it has expired")
    return statement, principal


def bound(statement, want):
    """Whether a decision is over what is expected."""
    p, subjects = statement["predicate"], [s["digest"] for s in statement["subject"]]
    gate = p["orchestrator"]
    need(gate["gate"] == want.gate, "it is over another gate")
    need(want.attempt in (None, gate["attempt"]), "it is over another attempt")
    need(p["environment"]["name"] == want.env, "it is over another environment")
    need(want.option in (None, gate.get("option")), "it chose another input")
    need(want.policy in (None, p["policy"]["digest"]), "it was judged by another policy")
    for artifact in want.artifact:
        need(any(s.get("sha256") == artifact.removeprefix("sha256:") for s in subjects), f"it does not cover {artifact}")
    commits = [s.get("gitCommit") for s in subjects] + [p["release"].get("commit", "").lower()]
    need(want.commit is None or want.commit.lower() in commits, "it does not cover the commit")


def approvers_of(trust, at):
    """The approvers file, if there is one: it counts only with its signature."""
    file, sig = trust / "approvers.toml", trust / "approvers.toml.sig"
    if not file.exists() and not sig.exists():
        return None
    when = f"verify-time={at:%Y%m%d%H%M%S}Z"
    lines = (trust / "allowed_signers").read_text().splitlines()
    named = [line for line in lines if re.search(r'^[^"]* namespaces="([^"]*,)?approvers@countersign\.dev[,"]', f"{line} ")]
    with tempfile.NamedTemporaryFile("w") as signers:  # only lines that name this purpose in full
        signers.write("".join(f"{line}\n" for line in named))
        signers.flush()
        _, who = run("ssh-keygen", "-Y", "find-principals", "-f", signers.name, "-s", sig, "-O", when)
        good, _ = run("ssh-keygen", "-Y", "verify", "-f", signers.name, "-I", who.strip(), "-n", "approvers@countersign.dev",
                      "-s", sig, "-O", when, stdin=file.read_bytes())
    need(good, "the approvers file is not signed by anybody who may")
    return tomllib.loads(file.read_text())


def issued(path):
    """When an envelope says that it was signed."""
    return datetime.fromisoformat(parse(base64.b64decode(parse(path.read_bytes())["payload"]))["predicate"]["issuedAt"])


def main():
    args = argparse.ArgumentParser()
    for name in ("--gate", "--env", "--trust"):
        args.add_argument(name, required=True)
    for name in ("--attempt", "--commit", "--option", "--policy", "--service", "--at"):
        args.add_argument(name)
    args.add_argument("--artifact", action="append", default=[])
    args.add_argument("envelopes", nargs="+", type=Path)
    want = args.parse_args()
    trust = Path(want.trust)
    at = datetime.fromisoformat(want.at.replace("Z", "+00:00")) if want.at else datetime.now(timezone.utc)
    good = []
    for path in want.envelopes:
        try:
            try:
                statement, principal = verify(path, trust, at)
                p = statement["predicate"]
            except Bad as now:
                # A key whose time is over lets nothing pass, and what it said against something still holds.
                statement, principal = verify(path, trust, min(at, issued(path)))
                print(f"{path}: {now}", file=sys.stderr)
                p = statement["predicate"] | ({"decision": "lapsed"} if statement["predicate"]["decision"] == "approve" else {})
            if p["decision"] != "revoke":
                # What speaks against an approval need not name what is released.
                less = {"artifact": [], "commit": None, "option": None, "policy": None} if p["decision"] != "approve" else {}
                bound(statement, argparse.Namespace(**{**vars(want), **less}))
            good.append((p, principal))
        except (Bad, ValueError, KeyError, TypeError, IndexError) as error:
            print(f"{path}: {error}", file=sys.stderr)
    try:
        approved = quorum.reached(approvers_of(trust, at), good, want, at)
    except Bad as error:
        approved = print(error, file=sys.stderr)
    print("approved" if approved else "not approved")
    return 0 if approved else 11


if __name__ == "__main__":
    sys.exit(main())
