"""Verifies a receipt (c2sp.org/tlog-proof@v1) with hashlib and openssl alone: receipt.py VKEY PROOF LEAF."""

import base64
import hashlib
import subprocess
import sys
import tempfile


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2."""
    node, last, result = index, size - 1, leaf
    if index >= size:
        raise ValueError("the index is beyond the tree")
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        if node & 1 or node == last:
            result = sha256(b"\x01", sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = sha256(b"\x01", result, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return result


def signed_by(key, text, signature):
    """Ed25519, by openssl."""
    with tempfile.NamedTemporaryFile() as public, tempfile.NamedTemporaryFile() as signed, tempfile.NamedTemporaryFile() as by:
        # RFC 8410: SubjectPublicKeyInfo of an Ed25519 key.
        public.write(bytes.fromhex("302a300506032b6570032100") + key)
        signed.write(text)
        by.write(signature)
        for file in (public, signed, by):
            file.flush()
        verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
        verify += ["-inkey", public.name, "-in", signed.name, "-sigfile", by.name]
        return subprocess.run(verify, capture_output=True).returncode == 0


def main(vkey_file, proof_file, leaf_file):
    name, key_id, key = open(vkey_file).read().strip().split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and len(key) == 33, "no Ed25519 key"
    assert bytes.fromhex(key_id) == sha256(name.encode(), b"\n", key)[:4], "another key id"

    head, note = open(proof_file).read().split("\n\n", 1)
    header, index, *path = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1" and index.startswith("index "), "no tlog-proof"
    path = [base64.b64decode(line, validate=True) for line in path]

    text, signatures = note.split("\n\n", 1)
    origin, size, root = text.split("\n")
    assert origin == name, "another log"
    signature = base64.b64decode(signatures.split("\u2014 " + name + " ", 1)[1].split("\n")[0], validate=True)
    assert signature[:4] == bytes.fromhex(key_id), "signed by another key"
    assert signed_by(key[1:], (text + "\n").encode(), signature[4:]), "the signature does not hold"

    leaf = sha256(b"\x00", open(leaf_file, "rb").read())
    assert root_of(int(index[6:]), int(size), leaf, path) == base64.b64decode(root), "another root"


main(*sys.argv[1:])
