"""Issues a consent token with Python's standard library and openssl, from the profile's text alone.

issuer.py JWK-FILE CERTIFICATE-PEM JTI: a citizen number on standard input, a token on standard output."""
import base64, hashlib, json, os, subprocess, sys, tempfile, time


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem(jwk):
    d = data(jwk["d"])
    if jwk["crv"] == "Ed25519":  # RFC 8410, section 7
        der = bytes.fromhex("302e020100300506032b657004220420") + d
        label = "PRIVATE KEY"
    else:  # RFC 5915, section 3
        point = b"\x04" + data(jwk["x"]) + data(jwk["y"])
        der = bytes.fromhex("30770201010420") + d + bytes.fromhex("a00a06082a8648ce3d030107a144034200") + point
        label = "EC PRIVATE KEY"
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n"


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, stdout=subprocess.PIPE, check=True).stdout


def sign(jwk, message):
    with tempfile.TemporaryDirectory() as folder:
        key, file = os.path.join(folder, "key"), os.path.join(folder, "message")
        with open(key, "w") as out:
            out.write(pem(jwk))
        with open(file, "wb") as out:
            out.write(message)
        if jwk["crv"] == "Ed25519":
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file)
        der = openssl("dgst", "-sha256", "-sign", key, file)
    parts, at = [], 2
    for _ in range(2):
        length = der[at + 1]
        parts.append(int.from_bytes(der[at + 2 : at + 2 + length], "big").to_bytes(32, "big"))
        at += 2 + length
    return b"".join(parts)


with open(sys.argv[1]) as file:
    jwk = json.load(file)
certificate = openssl("x509", "-in", sys.argv[2], "-outform", "DER")
salt = text(os.urandom(16))
disclosure = text(json.dumps([salt, "citizen_number", sys.stdin.read().strip()]).encode())
digests = [text(hashlib.sha256(part).digest()) for part in (disclosure.encode(), os.urandom(32))]
now = int(time.time())
header = {"alg": jwk["alg"], "typ": "consent+sd-jwt", "kid": jwk["kid"]}
payload = {
    "iss": "https://consent.example", "aud": "credit-gateway", "jti": sys.argv[3],
    "iat": now, "nbf": now, "exp": now + 3600,
    "cnf": {"x5t#S256": text(hashlib.sha256(certificate).digest())},
    # With a decoy.
    "_sd_alg": "sha-256", "_sd": sorted(digests),
    "authorization_details": [{
        "type": "credit-query", "scenario": "commercial-loan", "fields": ["score_band", "clean_three_years"],
        "look_back": "P5Y", "uses": 1, "frequency": "1/P1M", "data_life": "P1M",
    }],
}
signed = ".".join(text(json.dumps(part).encode()) for part in (header, payload))
print(f"{signed}.{text(sign(jwk, signed.encode()))}~{disclosure}~")
