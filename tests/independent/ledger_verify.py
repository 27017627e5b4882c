#!/usr/bin/env python3
"""Checks an exported ledger, and proofs, without Countersign: the standard library, and openssl for the signature.

    ledger_verify.py FOLDER                 entries, bodies, tree and checkpoint
    ledger_verify.py FOLDER --grew-from OLD and that it grew out of an earlier checkpoint (a file, or an older folder)
    ledger_verify.py --proof PROOF.json     what `countersign ledger prove` prints
    ... --keys FILE                         the ledger keys to believe, one vkey a line; else those that came along

Written from docs/ledger.md, RFC 6962, RFC 9162 and the C2SP documents tlog-tiles, tlog-checkpoint and signed-note.
"""
import argparse, base64, hashlib, json, os, subprocess, sys, tempfile

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def need(true, why):
    if not true:
        sys.exit(f"NOT good: {why}")


def root_of(leaves):
    """RFC 6962, 2.1: the right edge is folded as leaves come, and then to the left."""
    edge = []
    for count, leaf in enumerate(leaves, 1):
        edge.append(leaf)
        while count % 2 == 0:
            right, left = edge.pop(), edge.pop()
            edge.append(sha256(b"\1", left, right))
            count //= 2
    root = edge.pop() if edge else sha256()
    while edge:
        root = sha256(b"\1", edge.pop(), root)
    return root


def included(index, size, leaf, proof, root):
    """RFC 9162, 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\1", p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(first, second, proof, first_root, second_root):
    """RFC 9162, 2.1.4.2."""
    if first == second:
        return not proof and first_root == second_root
    if first & (first - 1) == 0:
        proof = [first_root] + proof
    if not proof:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\1", c, fr), sha256(b"\1", c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1", sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


def checkpoint(note):
    """Origin, size and root of a signed note; nothing is believed yet."""
    origin, size, root = note.split("\n")[:3]
    need(size == str(int(size)), "the size is not written as it must be")
    return origin, int(size), base64.b64decode(root, validate=True)


def signed(note, vkeys):
    """Whether one of the keys signed a note."""
    text, signatures = note.rsplit("\n\n", 1)
    text = (text + "\n").encode()
    keys = {}
    for vkey in vkeys:
        name, key_id, key = vkey.split("+", 2)
        key = base64.b64decode(key, validate=True)
        need(sha256(name.encode(), b"\n", key)[:4].hex() == key_id and key[0] == 1, f"{vkey} is no Ed25519 vkey")
        keys[name, key_id] = key[1:]
    for line in signatures.splitlines():
        dash, name, data = line.split(" ")
        data = base64.b64decode(data, validate=True)
        key = keys.get((name, data[:4].hex()))
        if dash == "\u2014" and key and name == text.decode().split("\n")[0] and ed25519(key, text, data[4:]):
            return True
    return False


def ed25519(key, message, signature):
    with tempfile.TemporaryDirectory() as dir:
        for name, data in (("key", ED25519_SPKI + key), ("message", message), ("signature", signature)):
            with open(os.path.join(dir, name), "wb") as file:
                file.write(data)
        command = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -sigfile signature -in message"
        return subprocess.run(command.split(), cwd=dir, capture_output=True).returncode == 0


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def tile(dir, kind, n, count):
    """A tile: whole, or as wide as the tree needs it."""
    name = f"{n % 1000:03}"
    while n >= 1000:
        n //= 1000
        name = f"x{n % 1000:03}/{name}"
    return read(dir, "tile", kind, name if count == 256 else f"{name}.p/{count}")


def folder(dir, vkeys):
    """The leaves' hashes of a folder, all of it checked."""
    note = read(dir, "checkpoint").decode()
    origin, size, root = checkpoint(note)
    leaves = []
    for n in range(-(-size // 256)):
        count = min(256, size - n * 256)
        data, at = tile(dir, "entries", n, count), 0
        for seq in range(n * 256 + 1, n * 256 + count + 1):
            length = int.from_bytes(data[at : at + 2], "big")
            leaf, at = data[at + 2 : at + 2 + length], at + 2 + length
            entry = json.loads(leaf)
            need(entry["seq"] == str(seq), f"entry {seq} is not at its place")
            kind, digest = entry["body"].split(":")
            body = hashlib.sha256(read(dir, "bodies", digest + ".json")).hexdigest()
            need(kind == "sha256" and body == digest, f"the body of entry {seq} does not have its digest")
            leaves.append(sha256(b"\0", leaf))
        need(at == len(data), f"entry tile {n} has more than its entries")
    level, hashes = 0, leaves
    while hashes:
        for n in range(-(-len(hashes) // 256)):
            part = hashes[n * 256 : n * 256 + 256]
            need(tile(dir, str(level), n, len(part)) == b"".join(part), f"tile {level}/{n} is not over the entries")
        whole = len(hashes) // 256 * 256
        level, hashes = level + 1, [root_of(hashes[n : n + 256]) for n in range(0, whole, 256)]
    need(root_of(leaves) == root, "the entries do not come out at the checkpoint's root")
    need(signed(note, vkeys), "the checkpoint is signed by none of the keys")
    return origin, size, leaves


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--grew-from")
    parser.add_argument("--proof")
    parser.add_argument("--keys")
    args = parser.parse_args()
    lines = read(args.keys).decode().splitlines() if args.keys else None
    vkeys = lambda came: [l for l in (lines if lines is not None else came) if l and not l.startswith("#")]
    if args.proof:
        proof = json.loads(read(args.proof))
        origin, size, root = checkpoint(proof["checkpoint"])
        need(signed(proof["checkpoint"], vkeys(proof["keys"])), "the checkpoint is signed by none of the keys")
        path = [base64.b64decode(h, validate=True) for h in proof["proof"]]
        if proof["proofOf"] == "inclusion":
            leaf, index = proof["leaf"].encode(), proof["index"]
            need(included(index, size, sha256(b"\0", leaf), path, root), "the proof does not lead to the root")
            entry = json.loads(leaf)
            need(entry["seq"] == str(index + 1), "the leaf is not at its place")
            body = "sha256:" + hashlib.sha256(proof["body"].encode()).hexdigest()
            need(entry["body"] == body, "the body does not have its digest")
            print(f"good: entry {entry['seq']} is in {origin} at {size} entries")
        else:
            old = base64.b64decode(proof["fromRoot"], validate=True)
            need(consistent(proof["fromSize"], size, path, old, root), "the proof does not lead to both roots")
            print(f"good: {origin} at {size} entries grew out of its first {proof['fromSize']}")
        return
    origin, size, leaves = folder(args.folder, vkeys(read(args.folder, "trust", "ledger_keys").decode().splitlines()))
    if args.grew_from:
        file = os.path.join(args.grew_from, "checkpoint") if os.path.isdir(args.grew_from) else args.grew_from
        old_origin, old_size, old_root = checkpoint(read(file).decode())
        need(old_origin == origin, "the earlier checkpoint is of another ledger")
        need(old_size <= size, f"there were {old_size} entries, and there are {size}")
        need(root_of(leaves[:old_size]) == old_root, "it did not grow out of the earlier checkpoint")
    print(f"good: {origin} has {size} entries")


if __name__ == "__main__":
    main()
