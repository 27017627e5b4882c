#!/usr/bin/env python3
"""Writes the conformance folder anew: keys, trust, and one folder a case. Needs ssh-keygen and openssl.

The private keys are thrown away, so all cases change together. Every name that ends in `_fail` must not verify; all others must.
It shares no code with Countersign: signatures are made by ssh-keygen and openssl, those of hardware keys are put together here.
"""
import base64, hashlib, json, shutil, struct, sys

from sealing import *


def keys():
    """The keys, and the folder of trust."""
    Key("ana", "ed25519", options=f'namespaces="{NAMESPACE},triage@countersign.dev"')
    Key("bob", "ecdsa", bits=256)
    Key("carol", "rsa", bits=2048)
    Sk("dave", "ed25519")
    Sk("erin", "ecdsa")
    Pkcs8("pipeline", "ed25519")
    Pkcs8("release", "ecdsa")
    Key("window", "ed25519", options=f'namespaces="{NAMESPACE}",valid-after="20260101Z",valid-before="20270101Z"')
    Key("left", "ed25519", options=f'namespaces="{NAMESPACE}",valid-before="20260101Z"')
    Key("leaving", "ed25519", options=f'namespaces="{NAMESPACE}",valid-before="20260601124500Z"')
    Key("joins", "ed25519", options=f'namespaces="{NAMESPACE}",valid-after="20270101Z"')
    Key("committer", "ed25519", options='namespaces="git"')
    Key("lost", "ed25519")
    Pkcs8("lostraw", "ed25519")
    Key("team", "ed25519", principal="x@example.com,y@example.com")
    Key("pattern", "ed25519", principal="*@example.com")
    Key("short", "rsa", bits=1024)
    Key("large", "ecdsa", bits=384)
    Pkcs8("anyraw", "ed25519", options="")
    Key("stranger", "ed25519", listed=False)
    Pkcs8("strangeraw", "ed25519", listed=False)
    Key("authority", "ed25519", principal="*@example.com", options=f'cert-authority,namespaces="{NAMESPACE}"')
    Key("gitauthority", "ed25519", principal="*@example.com", options='cert-authority,namespaces="git"')
    Key("otherauthority", "ed25519", listed=False)
    Key("frank", "ed25519", listed=False)
    year = ("-V", "20260101000000Z:20270101000000Z")
    certificate("cert", "frank", "authority", "-n", "frank@example.com", "-z", "1", *year)
    certificate("cert_two", "frank", "authority", "-n", "frank@example.com,root", "-z", "2", *year)
    certificate("cert_both", "frank", "authority", "-n", "frank@example.com,admin@example.com", "-z", "3", *year)
    certificate("cert_old", "frank", "authority", "-n", "frank@example.com", "-z", "4", "-V", "20250101000000Z:20260101000000Z")
    certificate("cert_new", "frank", "authority", "-n", "frank@example.com", "-z", "5", "-V", "20270101000000Z:20280101000000Z")
    certificate("cert_elsewhere", "frank", "authority", "-n", "frank@elsewhere.example", "-z", "6", *year)
    certificate("cert_nobody", "frank", "authority", "-z", "7", *year)
    certificate("cert_host", "frank", "authority", "-h", "-n", "frank@example.com", "-z", "8", *year)
    certificate("cert_taken", "frank", "authority", "-n", "frank@example.com", "-z", "9", *year)
    certificate("cert_other", "frank", "otherauthority", "-n", "frank@example.com", "-z", "1", *year)
    certificate("cert_git", "frank", "gitauthority", "-n", "frank@example.com", "-z", "1", *year)
    folder = HERE / "trust"
    folder.mkdir()
    lines = "".join(f"{k.line}\n" for n, k in KEYS.items() if k.line and not n.startswith("cert"))
    (folder / "allowed_signers").write_text(f"# Throw-away keys of the conformance folder.\n{lines}")
    (TMP / "revoked").write_text(f"serial: 9\nkey: {KEYS['lost'].public.strip()}\nkey: {KEYS['lostraw'].public.strip()}\n")
    run("ssh-keygen", "-k", "-f", folder / "revoked.krl", "-s", f"{TMP / 'authority'}.pub", TMP / "revoked")


def good_cases():
    case("ed25519", "An approval by a key in software.", good())
    case("ecdsa-p256", "By an ECDSA key.", good("bob"))
    case("rsa-2048", "By an RSA key, with SHA-512.", good("carol"))
    case("sk-ed25519-touched", "By a hardware key that was touched.", good("dave", KEYS["dave"].touched(0x01)))
    case("sk-ed25519-touched-and-pin", "By a hardware key that was touched, its PIN given.", good("dave", KEYS["dave"].touched(0x05)))
    case("sk-ecdsa-touched", "By a hardware key of the older kind.", good("erin", KEYS["erin"].touched(0x01)))
    case("certificate", "By a key with a certificate of a listed authority.", good("cert", **fields("approver", {"principal": "frank@example.com"})))
    case("certificate-one-of-its-names", "Only one of the certificate's principals is one of the authority's.",
         good("cert_two", **fields("approver", {"principal": "frank@example.com"})))
    case("raw-ed25519", "By a key file, over the bytes themselves.", good("pipeline", approver__method="key-file"))
    case("raw-p256", "By a P-256 key file.", good("release", approver__method="key-file"))
    case("key-in-its-time", "The line of the key has a beginning and an end.", good("window"))
    old = dict(schema=1, seenCheckpoint=None)
    case("schema-1", "A document of the first schema.", good(**old))
    case("quorum-as-seen_fail", "Given under an approvers file, and there is none here to check roles by. What the approver saw of quorum, roles and excluded people.", good(policy={
        "digest": sha("policy"), "approvers": sha("approvers"), "quorum": [{"rule": "production", "role": "release-manager", "count": 1}],
        "roles": ["release-manager", "security"], "excluded": [{"name": "Bob", "principal": "bob@example.com", "reason": "author"},
                                                               {"name": "ci", "reason": "trigger"}]}))
    case("no-findings-assessed", "Nothing was assessed, so nothing is counted.", good(findings__counts=None))
    case("commit-alone", "A release without an artifact: the commit is the subject.",
         good(subject=[{"name": "payments", "digest": {"gitCommit": COMMIT}}]), args={"--artifact": None, "--commit": COMMIT})
    case("commit-beside-artifacts", "The commit is signed beside the artifact.", good(), args={"--commit": COMMIT.upper()})
    case("several-artifacts", "Every artifact that is to be released is covered.", good(subject=[
        {"name": "payments", "digest": {"sha256": ARTIFACT}}, {"name": "payments-migrations", "digest": {"sha256": OTHER}}]))
    case("policy-as-expected", "The policy is the one that is expected.", good(), args={"--policy": sha("policy")})
    case("any-attempt", "The pipeline cannot know the attempt.", good(), args={"--attempt": None})
    case("text-of-all-kinds", "Controls, bidirectional overrides and characters beyond 16 bits in a text.",
         good(reason="\u0000\u0007\t\n\"\\/ \u202e \u2066 \U0001f600 e\u0301 \ufeff"))
    case("blanks-in-the-envelope", "Blanks between the parts of the envelope say nothing.", json.dumps(good(), indent=4).encode())
    case("clock-two-minutes-behind", "The signer's clock is 119 seconds ahead.",
         good(issuedAt="2026-06-01T13:01:59.000Z", notBefore="2026-06-01T13:01:59.000Z"))
    case("last-moment", "It still holds at the moment of its end.", good(notAfter="2026-06-01T13:00:00.000Z"))
    case("beside-a-bad-one", "One of two envelopes is good.", good("stranger"), good())
    case("approved-after-a-rejection", "The approval came after the rejection.", good(issuedAt="2026-06-01T11:58:00.000Z", decision="reject"), good("bob"))
    case("rejected-after-the-key-ended", "What is signed after the key's time says nothing.", good(),
         good("leaving", decision="reject", issuedAt="2026-06-01T12:50:00.000Z"))
    case("rejection-of-another-gate", "A rejection of another gate says nothing about this one.",
         good("bob", decision="reject", issuedAt="2026-06-01T12:30:00.000Z", orchestrator__gate="spinnaker:shop/01HEXEC/01HOTHER"), good())


def bad_cases():
    def fail(name, why, *envelopes, args=()):
        case(f"{name}_fail", why, *envelopes, args=args)

    payload = canonical(statement("ana"))
    text = payload.decode()
    # The key's time is over, and was not then.
    fail("rejected-by-a-key-that-ended", "The rejection was good when it was signed: time does not undo it.", good(),
         good("leaving", decision="reject", issuedAt="2026-06-01T12:30:00.000Z"))
    fail("approved-by-a-key-that-ended", "An approval must hold now.", good("leaving"))
    # The document.
    fail("wrong-statement-type", "Another _type.", good(top___type="https://in-toto.io/Statement/v0.1"))
    fail("wrong-predicate-type", "Another predicate with the same fields.", good(predicateType="https://slsa.dev/verification_summary/v1"))
    fail("triage-as-decision", "The predicate type says triage.", good(predicateType="https://countersign.dev/triage/v1"))
    fail("duplicate-key", "The decision stands there twice.", seal(text.replace('"decision":"approve"', '"decision":"reject","decision":"approve"').encode(), "ana"))
    fail("duplicate-key-alike", "A key stands there twice with the same value.", seal(text.replace('"schema":2', '"schema":2,"schema":2').encode(), "ana"))
    fail("duplicate-key-in-envelope", "The envelope has two payloads.",
         canonical(good()).replace(b'{"payload":', b'{"payload":"","payload":'))
    fail("not-canonical-blank", "A blank after a colon.", seal(text.replace('"schema":2', '"schema": 2').encode(), "ana"))
    fail("not-canonical-newline", "A line end after the document.", seal(payload + b"\n", "ana"))
    fail("not-canonical-order", "Keys in another order.", seal(json.dumps(statement("ana"), separators=(",", ":"), ensure_ascii=False).encode(), "ana"))
    fail("not-canonical-escape", "A letter written as an escape.", seal(text.replace('"approve"', '"\\u0061pprove"').encode(), "ana"))
    fail("not-canonical-ascii", "All beyond ASCII written as escapes.",
         seal(json.dumps(statement("ana"), sort_keys=True, separators=(",", ":")).encode(), "ana"))
    fail("not-canonical-number", "A number with a fraction of zero.", seal(text.replace('"schema":2', '"schema":2.0').encode(), "ana"))
    fail("big-integer", "A number above 2^53, which canonical JSON would round.",
         seal(text.replace('"high":1', '"high":9007199254740993').encode(), "ana"))
    fail("negative-count", "A count below zero.", good(findings__counts__high=-1))
    fail("byte-order-mark", "A mark before the document.", seal(b"\xef\xbb\xbf" + payload, "ana"))
    fail("not-utf-8", "A byte that is not UTF-8.", seal(payload.replace("ü".encode(), b"\xfc"), "ana"))
    fail("lone-surrogate", "Half of a character.", seal(text.replace("ü", "\\ud800").encode(), "ana"))
    fail("not-json", "The payload is no JSON.", seal(b"approve", "ana"))
    fail("payload-is-a-list", "The payload is a list.", seal(canonical([statement("ana")]), "ana"))
    fail("deeply-nested", "A thousand lists within each other.", seal(b"[" * 1000 + b"]" * 1000, "ana"))
    fail("unknown-field", "A field that nobody knows.", good(breakglass=True))
    fail("unknown-field-within", "A field that nobody knows, further in.", good(approver__roles=["admin"]))
    fail("new-field-in-schema-1", "A field of the second schema in the first.", good(schema=1, breakGlass=True))
    fail("no-counts-in-schema-1", "The first schema counts always.", good(schema=1, findings__counts=None))
    fail("missing-field", "The nonce is missing.", good(nonce=None))
    fail("schema-of-tomorrow", "A schema that nobody knows.", good(schema=3))
    fail("break-glass-false", "A mark that says nothing is left out.", good(breakGlass=False))
    fail("null-in-place-of-nothing", "What is not there is left out, and not null.",
         seal(text.replace('"decision":', '"clockSkewSeconds":null,"decision":').encode(), "ana"))
    fail("roles-not-sorted", "Roles in another order.", good(policy__roles=["security", "release-manager"]))
    fail("role-twice", "A role stands there twice.", good(policy__roles=["security", "security"]))
    fail("excluded-not-sorted", "Excluded people in another order.",
         good(policy__excluded=[{"name": "ci", "reason": "trigger"}, {"name": "Bob", "reason": "author"}]))
    fail("empty-list-in-place-of-nothing", "What has nothing in it is left out.", good(policy__roles=[]))
    fail("quorum-of-none", "A role that nobody is needed of.", good(policy__quorum=[{"rule": "r", "role": "security", "count": 0}]))
    fail("review-that-approves", "Only a comment reviews.", good(reviews="01JX0000000000000000000009"))
    fail("break-glass-by-delegation", "Break-glass cannot be delegated.", good(breakGlass=True, delegation="01JX0000000000000000000009"))
    fail("no-subject", "It is about nothing.", good(subject=[]))
    fail("subject-without-digest", "The subject has no digest.", good(subject=[{"name": "payments", "digest": {}}]))
    fail("time-with-offset", "The same time in other words.", good(issuedAt="2026-06-01T14:00:00.000+02:00"))
    fail("time-without-milliseconds", "The same time in other words.", good(issuedAt="2026-06-01T12:00:00Z"))
    fail("ends-before-it-begins", "Its end lies before its beginning.", good(notBefore="2026-06-03T12:00:00.000Z"))
    fail("digest-in-capitals", "A digest in capitals.", good(dossierDigest=sha("dossier").upper().replace("SHA256", "sha256")))
    fail("gate-without-parts", "The gate's id has no parts.", good(orchestrator__gate="spinnaker"), args={"--gate": GATE})
    # The envelope.
    fail("two-signatures", "Two good signatures.", {**good(), "signatures": good()["signatures"] + good("bob")["signatures"]})
    fail("no-signature", "No signature.", {**good(), "signatures": []})
    fail("other-payload-type", "Another type of payload, signed.",
         {**good(sign=lambda data: KEYS["ana"].sign(pae(payload, "application/json"))), "payloadType": "application/json"})
    fail("tampered-payload", "One letter of the version was changed.",
         {**good(), "payload": base64.b64encode(payload.replace(b'"version":"1.4.2"', b'"version":"1.4.3"')).decode()})
    fail("tampered-signature", "One bit of the signature was changed.", good(sign=lambda data: flipped(KEYS["ana"].sign(data))))
    fail("wrong-keyid", "The keyid names another key.", {**good(), "signatures": [{**good()["signatures"][0], "keyid": KEYS["bob"].fingerprint}]})
    fail("unknown-field-in-envelope", "The envelope has one field more.", {**good(), "note": "x"})
    fail("base64-with-newline", "A line end within base64.", {**good(), "payload": good()["payload"][:76] + "\n" + good()["payload"][76:]})
    fail("base64-of-urls", "The other alphabet of base64.",
         {**good(reason="???>>>~~~"), "payload": base64.urlsafe_b64encode(canonical(statement("ana", reason="???>>>~~~"))).decode()})
    fail("empty", "An empty file.", b"")
    fail("list-of-envelopes", "A list with a good one in it.", [good()])
    fail("payload-alone", "The payload without an envelope.", payload)
    fail("nothing-signed-pae", "The signature is over the payload, and not over the pre-authentication encoding.",
         good(sign=lambda data: KEYS["ana"].sign(payload)))
    fail("lengths-in-characters", "The encoding counts characters in place of bytes.",
         good(sign=lambda data: KEYS["ana"].sign(b"DSSEv1 28 %s %d %s" % (TYPE.encode(), len(text), payload))))
    # The key.
    fail("wrong-namespace", "Signed for the namespace of git.", good("committer", lambda data: KEYS["committer"].sign(data, "git")))
    fail("triage-namespace", "Signed for triage by a key that may sign both.", good(sign=lambda data: KEYS["ana"].sign(data, "triage@countersign.dev")))
    fail("key-for-another-namespace", "The line of the key names another namespace.", good("committer"))
    fail("unlisted-key", "Nobody listed the key.", good("stranger"))
    fail("revoked-key", "The key was taken back.", good("lost"))
    fail("key-expired", "The time of the key has ended.", good("left"))
    fail("key-not-yet-valid", "The time of the key has not begun.", good("joins"))
    fail("key-of-two-people", "The line of the key has two principals.", good("team", approver__principal="x@example.com"))
    fail("key-of-a-pattern", "The line of the key has a pattern.", good("pattern", approver__principal="ana@example.com"))
    fail("rsa-1024", "An RSA key that is too short.", good("short"))
    fail("ecdsa-p384", "A curve that is not accepted.", good("large"))
    fail("rsa-sha1", "An RSA signature with SHA-1.", good("carol", rsa_sha1))
    fail("another-principal", "It names somebody else.", good(approver__principal="bob@example.com"))
    fail("another-key-named", "It names another key.", good(approver__keyFingerprint="SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"))
    fail("sk-ed25519-no-touch", "The hardware key was not touched; ssh-keygen alone finds that good.", good("dave", KEYS["dave"].touched(0x00)))
    fail("sk-ed25519-pin-without-touch", "A PIN is no touch.", good("dave", KEYS["dave"].touched(0x04)))
    fail("sk-ecdsa-no-touch", "The hardware key was not touched.", good("erin", KEYS["erin"].touched(0x00)))
    frank = fields("approver", {"principal": "frank@example.com"})
    for name, why in [("cert_old", "The certificate has ended."), ("cert_new", "The certificate has not begun."), ("cert_nobody", "It names nobody."),
                      ("cert_elsewhere", "Its principal is none of the authority's."), ("cert_host", "It is a certificate for a host."),
                      ("cert_taken", "Its serial number was taken back."), ("cert_other", "Nobody listed its authority."),
                      ("cert_git", "Its authority is for another namespace."), ("cert_both", "It names two people.")]:
        fail(f"certificate-{name.removeprefix('cert_')}", why, good(name, **frank))
    fail("authority-signs-itself", "The authority's own key is no approver's.", good("authority", approver__principal="ana@example.com"))
    fail("raw-unlisted", "Nobody listed the key.", good("strangeraw"))
    fail("raw-revoked", "The key was taken back.", good("lostraw"))
    fail("raw-for-any-namespace", "A bare signature has no namespace, so the line of its key must name ours.", good("anyraw"))
    fail("raw-over-payload", "Over the payload, and not over the pre-authentication encoding.", good("pipeline", lambda data: KEYS["pipeline"].sign(payload)))
    fail("raw-cut", "The signature is cut short.", good("pipeline", lambda data: KEYS["pipeline"].sign(data)[:-1]))
    fail("raw-by-another-kind", "A P-256 signature under the id of an Ed25519 key.", good("pipeline", KEYS["release"].sign))
    # What it is over.
    fail("replay-on-another-gate", "The same pipeline, the next gate.", good(), args={"--gate": "spinnaker:shop/01HEXEC/01HNEXT"})
    fail("replay-on-another-run", "The same gate of the next run.", good(), args={"--gate": "spinnaker:shop/01HNEXT/01HSTAGE"})
    fail("replay-on-another-orchestrator", "The same ids at another connection.", good(), args={"--gate": GATE.replace("spinnaker", "staging")})
    fail("replay-in-another-environment", "Approved for another environment.", good(), args={"--env": "staging"})
    fail("replay-on-another-attempt", "The gate was asked again.", good(), args={"--attempt": "1780315200001"})
    fail("artifact-not-covered", "Another artifact is to be released.", good(), args={"--artifact": f"sha256:{OTHER}"})
    fail("one-artifact-not-covered", "The second artifact is not covered.",
         good(subject=[{"name": "payments-migrations", "digest": {"sha256": OTHER}}]))
    fail("digest-under-another-algorithm", "The digest stands under the name of another algorithm.",
         good(subject=[{"name": "payments", "digest": {"sha512": ARTIFACT}}]))
    fail("commit-not-covered", "Another commit is to be released.", good(), args={"--commit": COMMIT[::-1]})
    fail("another-policy", "Judged by another policy.", good(), args={"--policy": sha("another policy")})
    fail("expired", "It holds no more.", good(notAfter="2026-06-01T12:59:59.999Z"))
    fail("not-yet-valid", "It holds only later.", good(notBefore="2026-06-01T14:00:00.000Z"))
    fail("issued-in-the-future", "It was signed three minutes from now.", good(issuedAt="2026-06-01T13:03:00.000Z"))
    for verb in ("reject", "halt", "comment"):
        fail(f"{verb}-as-approval", f"It says {verb}.", good(decision=verb))
    fail("revoke-without-what", "It revokes, and does not say what.", good(decision="revoke"))
    later = dict(issuedAt="2026-06-01T12:30:00.000Z", notBefore="2026-06-01T12:30:00.000Z", decisionId="01JX0000000000000000000001")
    fail("rejected-later", "Somebody rejected it afterwards.", good(), good("bob", decision="reject", **later))
    fail("halted-later", "Somebody halted it afterwards.", good(), good("bob", decision="halt", **later))


def quorum_cases():
    folder = HERE / "trust-quorum"
    shutil.copytree(HERE / "trust", folder)
    Key("keeper", "ed25519", options='namespaces="approvers@countersign.dev"')
    second = Key("second", "ed25519", principal="ana@example.com")
    with (folder / "allowed_signers").open("a") as file:
        file.write(f"{KEYS['keeper'].line}\n{second.line}\n")
    person = lambda name, *roles: (f'[[person]]\nprincipal = "{name}@example.com"\nroles = {json.dumps(roles)}\n'
                                   f'names = {{ git = ["{name.title()} Example"], github = ["{name}"] }}\n\n')
    text = "schema = 1\nserial = 3\n\n" + person("ana", "release-manager") + person("bob", "security") + person("carol", "release-manager", "security")
    text += person("window", "developer") + person("dave", "emergency") + person("erin", "revoker") + """[[rule]]
name = "production"
services = ["*"]
environments = ["prod"]
need = [{ role = "release-manager", count = 1 }, { role = "security", count = 1 }]
exclude = ["author", "pusher"]
hold = "12h"

[[rule]]
name = "staging"
services = ["*"]
environments = ["staging"]
need = [{ role = "release-manager", count = 1 }]

[break_glass]
role = "emergency"
environments = ["prod"]
"""
    file = folder / "approvers.toml"
    file.write_text(text)
    (folder / "approvers.toml.sig").write_bytes(KEYS["keeper"].sign(text.encode(), "approvers@countersign.dev"))
    seen = {"digest": sha("policy"), "approvers": sha(text), "quorum": [{"rule": "production", "role": r, "count": 1} for r in ("release-manager", "security")]}
    ids = iter(range(1, 100))

    acts = {"ana": ["release-manager"], "second": ["release-manager"], "bob": ["security"], "carol": ["release-manager", "security"]}

    def yes(by, sign=None, excluded=None, roles=None, **edits):
        roles = roles or acts.get(by)
        policy = {**seen, **({"excluded": excluded} if excluded else {}), **({"roles": roles} if roles else {})}
        return good(by, sign, **{"policy": policy, "decisionId": f"01JX00000000000000000001{next(ids):02}", **edits})

    def revoke(by, what, sign=None):
        return good(by, sign, decision="revoke", supersedes=what, decisionId=f"01JX00000000000000000002{next(ids):02}", issuedAt="2026-06-01T12:30:00.000Z")

    def check(name, why, *envelopes, args=()):
        case(f"quorum-{name}", why, *envelopes, args=args, trust="trust-quorum")

    wrote = lambda name: [{"name": name, "reason": "author"}]
    check("two-roles", "One of each role.", yes("ana"), yes("bob"))
    check("two-roles-in-the-other-order", "One of each role.", yes("bob"), yes("ana"))
    check("seats-that-fit-one-way-only", "The first could sit in both seats; only one way fills both.", yes("carol"), yes("bob"))
    check("author-is-somebody-else", "The author is no approver.", yes("ana", excluded=wrote("Zoe Example")), yes("bob"))
    check("trigger-may-approve", "This rule does not exclude who started the run.", yes("ana", excluded=[{"name": "ana", "reason": "trigger"}]), yes("bob"))
    check("with-a-third", "One more than needed, over other evidence.", yes("ana"), yes("carol", dossierDigest=sha("other")), yes("bob"))
    check("break-glass", "One with the role for it, in an emergency.", yes("dave", KEYS["dave"].touched(1), breakGlass=True))
    check("revoked-by-another", "Only the signer or a revoker takes an approval back.",
          yes("ana", decisionId="01JX0000000000000000000901"), yes("bob"), revoke("bob", "01JX0000000000000000000901"))
    chose = lambda by, option: yes(by, orchestrator__option=option)
    check("same-input", "Both chose the same of the gate's inputs.", chose("ana", "ship"), chose("bob", "ship"), args={"--option": "ship"})
    check("newer-input", "One chose another input first, and the same since.", chose("ana", "hold"),
          yes("ana", orchestrator__option="ship", issuedAt="2026-06-01T12:10:00.000Z"), chose("bob", "ship"))
    check("two-inputs_fail", "Each chose another of the gate's inputs.", chose("ana", "ship"), chose("bob", "hold"))
    check("input-of-one_fail", "One chose an input, the other none.", chose("ana", "ship"), yes("bob"))
    check("another-input_fail", "Both chose an input, and the pipeline goes on with another.", chose("ana", "ship"), chose("bob", "ship"), args={"--option": "hold"})
    check("acts-in-one-role_fail", "Holds both roles, and said to act in the one that is filled.", yes("ana"), yes("carol", roles=["release-manager"]))
    check("role-not-held_fail", "Said to act in a role that is not held.", yes("ana"), yes("window", roles=["security"]))
    check("one-of-two_fail", "The other role is missing.", yes("ana"))
    check("two-of-one-role_fail", "Two of one role, none of the other.", yes("ana"), yes("window"))
    check("one-person-two-roles_fail", "One person sits in one seat.", yes("carol"))
    check("one-person-two-keys_fail", "Two keys are not two people.", yes("ana"), yes("second"))
    check("nobody-in-the-file_fail", "A listed key, of nobody in the approvers file.", yes("ana"), yes("pipeline"))
    check("author_fail", "Wrote a commit of the change.", yes("ana", excluded=wrote("Ana Example")), yes("bob"))
    check("author-named-by-the-other_fail", "The other approver's evidence names the author.", yes("ana"), yes("bob", excluded=wrote("ana example")))
    check("pusher_fail", "Pushed what is released.", yes("ana"), yes("bob", excluded=[{"name": "bob", "reason": "pusher"}]))
    check("other-evidence_fail", "Each saw other evidence.", yes("ana"), yes("bob", dossierDigest=sha("other")))
    check("too-old_fail", "One approval is older than the rule lets it be.",
          yes("ana", issuedAt="2026-05-31T23:00:00.000Z", notBefore="2026-05-31T23:00:00.000Z"), yes("bob"))
    check("revoked_fail", "One took it back.", yes("ana", decisionId="01JX0000000000000000000902"), yes("bob"), revoke("ana", "01JX0000000000000000000902"))
    check("revoked-by-revoker_fail", "A revoker took it back.",
          yes("ana", decisionId="01JX0000000000000000000903"), yes("bob"), revoke("erin", "01JX0000000000000000000903", KEYS["erin"].touched(1)))
    check("rejected-later_fail", "A third person rejected it.", yes("ana"), yes("bob"),
          good("window", decision="reject", issuedAt="2026-06-01T12:30:00.000Z", decisionId="01JX0000000000000000000904"))
    staging = dict(args={"--env": "staging"})
    check("one-role-in-staging", "Another rule holds there.", yes("ana", environment__name="staging"), **staging)
    check("all-are-excluded-by-default_fail", "A rule that says nothing excludes the trigger too.",
          yes("ana", environment__name="staging", excluded=[{"name": "ana", "reason": "trigger"}]), **staging)
    check("no-rule_fail", "No rule is for that environment.", yes("ana", environment__name="test"), args={"--env": "test"})
    check("break-glass-without-role_fail", "Not everybody may in an emergency.", yes("ana", breakGlass=True))
    check("another-attempt_fail", "One approved the attempt before.", yes("ana"), yes("bob", orchestrator__attempt="1780315100000"))


def flipped(sig):
    lines = sig.split(b"\n")
    data = bytearray(base64.b64decode(b"".join(lines[1:-2])))
    data[-5] ^= 1
    return armour(bytes(data))


def rsa_sha1(data):
    key = KEYS["carol"]
    space = string(NAMESPACE.encode()) + string(b"") + string(b"sha512")
    run("ssh-keygen", "-p", "-q", "-N", "", "-m", "PEM", "-f", key.path)
    (TMP / "in").write_bytes(b"SSHSIG" + space + string(hashlib.sha512(data).digest()))
    inner = run("openssl", "dgst", "-sha1", "-sign", key.path, TMP / "in")
    blob = base64.b64decode(key.public.split()[1])
    return armour(b"SSHSIG" + struct.pack(">I", 1) + string(blob) + space + string(string(b"ssh-rsa") + string(inner)))


if __name__ == "__main__":
    for name in ("cases", "trust", "trust-quorum"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    keys()
    good_cases()
    bad_cases()
    quorum_cases()
    shutil.rmtree(TMP)
    sys.stdout.write(f"{len(cases)} cases\n")
