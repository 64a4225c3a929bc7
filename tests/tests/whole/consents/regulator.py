"""Confirms with Python's standard library and openssl that a consent covered a query.

regulator.py LEAF-FILE JWKS-FILE: exit 0 where it did; otherwise says why not. The leaf is one that holds the token."""
import base64, datetime, json, os, subprocess, sys, tempfile


def data(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def integer(number):
    raw = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(raw)]) + raw


def verifies(jwk, message, signature):
    if jwk["kty"] == "OKP":
        der = bytes.fromhex("302a300506032b6570032100") + data(jwk["x"])
    else:
        der = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + data(jwk["x"]) + data(jwk["y"])
        r, s = (integer(int.from_bytes(half, "big")) for half in (signature[:32], signature[32:]))
        signature = b"\x30" + bytes([len(r + s)]) + r + s
    with tempfile.TemporaryDirectory() as folder:
        names = {name: os.path.join(folder, name) for name in ("key", "message", "signature")}
        pem = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n".encode()
        for name, content in (("key", pem), ("message", message), ("signature", signature)):
            with open(names[name], "wb") as file:
                file.write(content)
        if jwk["kty"] == "OKP":
            call = ["pkeyutl", "-verify", "-pubin", "-inkey", names["key"], "-rawin", "-in", names["message"], "-sigfile", names["signature"]]
        else:
            call = ["dgst", "-sha256", "-verify", names["key"], "-signature", names["signature"], names["message"]]
        return subprocess.run(["openssl", *call], stdout=subprocess.DEVNULL).returncode == 0


def holds(what, condition):
    if not condition:
        sys.exit(f"not covered: {what}")


with open(sys.argv[1]) as file:
    leaf = json.load(file)
with open(sys.argv[2]) as file:
    keys = {key["kid"]: key for key in json.load(file)["keys"]}
signed, _, signature = leaf["ground"]["consent"].rpartition(".")
header, claims = (json.loads(data(part)) for part in signed.split("."))
holds("the key is the authority's", header["kid"] in keys)
holds("the algorithm is the key's", header["alg"] == keys[header["kid"]]["alg"])
holds("the signature verifies", verifies(keys[header["kid"]], signed.encode(), data(signature)))
detail = claims["authorization_details"][0]
at = datetime.datetime.fromisoformat(leaf["at"].replace("Z", "+00:00")).timestamp()
holds("the query was answered", leaf["outcome"] == "answered")
holds("it was in force", claims["nbf"] - 10 <= at < claims["exp"])
holds("it was given to that certificate", claims["cnf"]["x5t#S256"] == leaf["certificate"])
holds("it was for that scenario", detail["scenario"] == leaf["scenario"])
holds("it named the fields", "fields" not in detail or set(leaf["fields"]) <= set(detail["fields"]))
holds("it had a use left", leaf["ground"]["use"] <= detail["uses"])
