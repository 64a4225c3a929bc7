"""Checks the cosignatures of a checkpoint (c2sp.org/tlog-cosignature) with none of our code: cosigned.py NOTE VKEY…

Prints how many of the keys cosigned it."""

import base64
import hashlib
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from dilithium_py.ml_dsa import ML_DSA_44


def is_by_ed25519(key, name, text, time, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, b"cosignature/v1\ntime %d\n" % time + text)
    except InvalidSignature:
        return False
    return True


def is_by_ml_dsa(key, name, text, time, signature):
    origin, size, root = text.split(b"\n")[:3]
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", time)
    message += bytes([len(origin)]) + origin + struct.pack(">QQ", 0, int(size)) + base64.b64decode(root)
    return ML_DSA_44.verify(key, message, signature)


def main(note_file, *vkeys):
    text, lines = open(note_file, "rb").read().rsplit(b"\n\n", 1)
    text += b"\n"
    signatures = {}
    for line in lines.decode().splitlines():
        dash, name, encoded = line.split(" ")
        bytes_ = base64.b64decode(encoded, validate=True)
        signatures[name, bytes_[:4]] = bytes_[4:]
    cosigned = 0
    for vkey in vkeys:
        name, key_id, key = vkey.split("+", 2)
        key = base64.b64decode(key, validate=True)
        wanted = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
        assert bytes.fromhex(key_id) == wanted, "another key id"
        signature = signatures.get((name, wanted))
        if signature is None:
            continue
        time = struct.unpack(">Q", signature[:8])[0]
        check = {4: is_by_ed25519, 6: is_by_ml_dsa}[key[0]]
        cosigned += bool(check(key[1:], name.encode(), text, time, signature[8:]))
    print(cosigned)


main(*sys.argv[1:])
