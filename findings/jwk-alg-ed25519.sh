#!/usr/bin/env bash
# PyJWT 2.15.1, Authlib 1.9.10, joserfc 1.8.0, jwcrypto 1.6.1 and npm jose 6.2.18 (Python 3.11, Node.js 20 on Debian 12) on
# one Ed25519 key in a JWK Set and one signature by it. RFC 9864 (October 2025) calls the algorithm `Ed25519` and
# deprecates `EdDSA`. Which of the five verify, by `alg` in the token's header and `alg` of the key:
#   - a key that says the new name is lost to PyJWT even for old tokens ("did not contain any usable keys. Perhaps
#     'cryptography' is not installed?", with it installed), and to joserfc and jose, which then find no key of the id;
#   - a token that says the new name is verified by jwcrypto alone while the key says the old one, and never by PyJWT
#     and Authlib.
# So an issuer who follows the RFC on either side loses some verifiers; `EdDSA` in the token with a key that has no `alg`
# or `EdDSA` is what all five verify.
# Ends with 0 while it is so, and with 1 when it has changed.
set -euo pipefail
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cd "$desk"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check \
  pyjwt==2.15.1 authlib==1.9.10 joserfc==1.8.0 jwcrypto==1.6.1 cryptography==50.0.2
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --silent jose@6.2.18
cat >verify.py <<'END'
import base64, json, subprocess, warnings
warnings.simplefilter("ignore")
import authlib.jose, joserfc.jwk, joserfc.jwt, jwcrypto.jwk, jwcrypto.jwt, jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BOTH = ["EdDSA", "Ed25519"]
secret = Ed25519PrivateKey.generate()

def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def signed(alg):
    start = ".".join(text(json.dumps(part).encode()) for part in ({"alg": alg, "kid": "k"}, {"sub": "s"}))
    return start + "." + text(secret.sign(start.encode()))

def key_set(alg):
    key = {"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": text(secret.public_key().public_bytes_raw())}
    return {"keys": [key | ({"alg": alg} if alg else {})]}

def by_jose(token, keys):
    subprocess.run(["node", "verify.mjs", token, json.dumps(keys)], check=True)

LIBRARIES = {
    "PyJWT": lambda token, keys: jwt.decode(token, jwt.PyJWKSet.from_dict(keys)["k"], algorithms=BOTH),
    "Authlib": lambda token, keys: authlib.jose.JsonWebToken(BOTH).decode(token, authlib.jose.JsonWebKey.import_key_set(keys)),
    "joserfc": lambda token, keys: joserfc.jwt.decode(token, joserfc.jwk.KeySet.import_key_set(keys), algorithms=BOTH),
    "jwcrypto": lambda token, keys: jwcrypto.jwt.JWT(
        jwt=token, key=jwcrypto.jwk.JWKSet.from_json(json.dumps(keys)), algs=BOTH, check_claims={}),
    "jose": by_jose,
}

for header in BOTH:
    for of_key in [None, *BOTH]:
        good = []
        for name, verify in LIBRARIES.items():
            try:
                verify(signed(header), key_set(of_key))
                good.append(name)
            except Exception:
                pass
        print(f"token {header}, key {of_key or 'without'}: {' '.join(good)}")
END
cat >verify.mjs <<'END'
import { createLocalJWKSet, jwtVerify } from "jose";
try {
  await jwtVerify(process.argv[2], createLocalJWKSet(JSON.parse(process.argv[3])));
} catch {
  process.exit(1);
}
END
said=$(python/bin/python verify.py)
echo "$said"
[[ $said == 'token EdDSA, key without: PyJWT Authlib joserfc jwcrypto jose
token EdDSA, key EdDSA: PyJWT Authlib joserfc jwcrypto jose
token EdDSA, key Ed25519: Authlib jwcrypto
token Ed25519, key without: joserfc jwcrypto jose
token Ed25519, key EdDSA: jwcrypto
token Ed25519, key Ed25519: joserfc jwcrypto jose' ]]
