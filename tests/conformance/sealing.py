"""Keys, statements and envelopes of the conformance folder. It shares no code with Countersign."""
import base64, copy, hashlib, json, os, shutil, struct, subprocess, sys, tempfile
from pathlib import Path

HERE = Path(__file__).parent
NAMESPACE = "release-decision@countersign.dev"
AT = "2026-06-01T13:00:00Z"
GATE = "spinnaker:shop/01HEXEC/01HSTAGE"
ARTIFACT, OTHER = (hashlib.sha256(text).hexdigest() for text in (b"payments 1.4.2", b"payments-migrations 1.4.2"))
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TYPE = "application/vnd.in-toto+json"
cases, KEYS, TMP = {}, {}, Path(tempfile.mkdtemp())


def sha(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "payments", "uri": "registry.example.com/payments:1.4.2", "digest": {"sha256": ARTIFACT}}],
    "predicateType": "https://countersign.dev/release-decision/v1",
    "predicate": {
        "schema": 2, "decisionId": "01JX0000000000000000000000", "decision": "approve", "reason": "Geprüft – tests green",
        "release": {"name": "payments", "version": "1.4.2", "commit": COMMIT},
        "environment": {"name": "prod", "class": "production"},
        "orchestrator": {"kind": "spinnaker", "instance": "https://gate.example.com", "application": "shop", "pipeline": "deploy",
                         "execution": "01HEXEC", "stage": "Approve", "attempt": "1780315200000", "gate": GATE, "stateToken": sha("state")},
        "nonce": "00112233445566778899aabbccddeeff",
        "issuedAt": "2026-06-01T12:00:00.000Z", "notBefore": "2026-06-01T12:00:00.000Z", "notAfter": "2026-06-02T12:00:00.000Z",
        "approver": {"principal": "", "keyFingerprint": "", "method": "ssh-agent", "tool": {"name": "countersign", "version": "0.2.0"}},
        "policy": {"digest": sha("policy")},
        "dossierDigest": sha("dossier"), "asOf": "2026-06-01T11:59:30.000Z",
        "evidence": [
            {"name": "builds/jenkins", "uri": "https://ci.example.com/job/payments/7/", "mediaType": "application/json", "raw": sha("raw"),
             "content": sha("content"), "fetchedAt": "2026-06-01T11:59:00.000Z", "completeness": "complete", "viewed": True},
            {"name": "tickets/jira", "uri": "", "content": sha("missing"), "fetchedAt": "2026-06-01T11:59:00.000Z",
             "completeness": "missing:unreachable", "viewed": False}],
        "findings": {"counts": {"critical": 0, "high": 1, "medium": 2, "low": 0, "info": 0, "unknown": 0, "dismissed": 1, "new": 1},
                     "dismissed": [{"fingerprint": hashlib.sha256(b"finding").hexdigest(), "rule": "B105", "tool": "bandit", "status": "false-positive",
                                    "scope": {"service": "payments", "environment": "prod"}, "envelope": sha("triage")}]},
        "seenCheckpoint": {"origin": "countersign.dev/ledger/00112233445566778899aabbccddeeff", "size": "41",
                           "root": base64.b64encode(hashlib.sha256(b"root").digest()).decode()},
    },
}


def run(*argv, stdin=b""):
    return subprocess.run([str(a) for a in argv], input=stdin, check=True, capture_output=True).stdout


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def pae(payload, kind=TYPE):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def string(data):
    return struct.pack(">I", len(data)) + data


def armour(blob):
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[i:i + 70] for i in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n".encode()


class Key:
    """A key of one approver: its line in allowed_signers, and how it signs."""

    def __init__(self, name, kind, principal=None, options=f'namespaces="{NAMESPACE}"', listed=True, bits=None):
        self.name, self.kind, self.path = name, kind, TMP / name
        self.principal = principal or f"{name}@example.com"
        self.make(bits)
        KEYS[name] = self
        self.line = f"{self.principal} {options + ' ' if options else ''}{' '.join(self.public.split()[:2])}" if listed else None
        self.fingerprint = run("ssh-keygen", "-l", "-f", f"{self.path}.pub").split()[1].decode()

    def make(self, bits):
        run("ssh-keygen", "-q", "-t", self.kind, *(["-b", bits] if bits else []), "-N", "", "-C", "", "-f", self.path)
        self.public = Path(f"{self.path}.pub").read_text()

    def sign(self, data, namespace=NAMESPACE):
        return run("ssh-keygen", "-Y", "sign", "-n", namespace, "-f", self.path, stdin=data)


class Pkcs8(Key):
    """A key in a PKCS8 file, which signs the bytes themselves."""

    def make(self, bits):
        algorithm = ["ED25519"] if self.kind == "ed25519" else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        run("openssl", "genpkey", "-algorithm", *algorithm, "-out", self.path)
        der = run("openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER")
        parts = [b"ssh-ed25519", der[-32:]] if self.kind == "ed25519" else [b"ecdsa-sha2-nistp256", b"nistp256", der[-65:]]
        blob = b"".join(string(p) for p in parts)
        self.public = f"{parts[0].decode()} {base64.b64encode(blob).decode()}"
        Path(f"{self.path}.pub").write_text(self.public + "\n")

    def sign(self, data, namespace=None):
        (TMP / "in").write_bytes(data)
        digest = [] if self.kind == "ed25519" else ["-digest", "sha256"]
        return run("openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", *digest, "-in", TMP / "in")


class Sk(Pkcs8):
    """A hardware key in software: what it signs is put together as PROTOCOL.u2f has it."""

    def make(self, bits):
        super().make(bits)
        raw = base64.b64decode(self.public.split()[1])
        point = raw[-32:] if self.kind == "ed25519" else raw[-65:]
        name = "sk-ssh-ed25519@openssh.com" if self.kind == "ed25519" else "sk-ecdsa-sha2-nistp256@openssh.com"
        parts = [name.encode(), point] if self.kind == "ed25519" else [name.encode(), b"nistp256", point]
        self.blob, self.type = b"".join(string(p) for p in [*parts, b"ssh:"]), name
        self.public = f"{name} {base64.b64encode(self.blob).decode()}"
        Path(f"{self.path}.pub").write_text(self.public + "\n")

    def touched(self, flags, counter=7):
        def sign(data, namespace=NAMESPACE):
            space = string(namespace.encode()) + string(b"") + string(b"sha512")
            signed = b"SSHSIG" + space + string(hashlib.sha512(data).digest())
            trailer = struct.pack(">BI", flags, counter)
            inner = Pkcs8.sign(self, hashlib.sha256(b"ssh:").digest() + trailer + hashlib.sha256(signed).digest())
            if self.kind != "ed25519":
                inner = b"".join(string(n) for n in integers(inner))
            signature = string(self.type.encode()) + string(inner) + trailer
            return armour(b"SSHSIG" + struct.pack(">I", 1) + string(self.blob) + space + string(signature))
        return sign


def integers(der):
    """The two numbers of an ECDSA signature in DER."""
    first = der[4:4 + der[3]]
    return first, der[6 + der[3]:]


def certificate(name, subject, authority, *options):
    """A certificate for a key, and a key that signs with it."""
    key = copy.copy(KEYS[subject])
    key.path = TMP / name
    shutil.copy(TMP / subject, key.path)
    shutil.copy(f"{TMP / subject}.pub", f"{key.path}.pub")
    key.path.chmod(0o600)
    run("ssh-keygen", "-q", "-s", TMP / authority, "-I", name, *options, f"{key.path}.pub")
    os.replace(f"{key.path}-cert.pub", f"{key.path}.pub")
    KEYS[name] = key


def statement(by, **edits):
    """A statement by a key; edits by dotted path, `None` takes a field away."""
    out = copy.deepcopy(STATEMENT)
    out["predicate"]["approver"].update(principal=KEYS[by].principal, keyFingerprint=KEYS[by].fingerprint)
    for path, value in edits.items():
        place, *rest = [int(p) if p.isdigit() else p for p in path.split("__")]
        at, keys = (out, [place, *rest]) if place in out or place == "top" else (out["predicate"], [place, *rest])
        keys = keys[1:] if keys[0] == "top" else keys
        for key in keys[:-1]:
            at = at[key]
        if value is None:
            del at[keys[-1]]
        else:
            at[keys[-1]] = value
    return out


def seal(payload, by, sign=None, **edits):
    """An envelope over a payload."""
    sig = (sign or KEYS[by].sign)(pae(payload))
    out = {"payload": base64.b64encode(payload).decode(), "payloadType": TYPE,
           "signatures": [{"keyid": KEYS[by].fingerprint, "sig": base64.b64encode(sig).decode()}]}
    return {**out, **edits}


def case(name, why, *envelopes, args=(), trust="trust"):
    """A case: what it shows, its envelopes (bytes or objects), other arguments than the usual ones, and its folder of trust."""
    want = {"--gate": GATE, "--env": "prod", "--attempt": "1780315200000", "--artifact": f"sha256:{ARTIFACT}", "--at": AT, **dict(args)}
    cases[name] = {"why": why, "trust": trust, "args": [text for option, value in want.items() if value is not None for text in (option, value)]}
    folder = HERE / "cases" / name
    folder.mkdir(parents=True)
    (folder / "case.json").write_text(json.dumps(cases[name], indent=2, ensure_ascii=False) + "\n")
    for i, envelope in enumerate(envelopes, 1):
        data = envelope if isinstance(envelope, bytes) else canonical(envelope)
        (folder / f"{i}.envelope").write_bytes(data)


def good(by="ana", sign=None, **edits):
    return seal(canonical(statement(by, **edits)), by, sign)


def fields(prefix, mapping):
    return {f"{prefix}__{k}": v for k, v in mapping.items()}
