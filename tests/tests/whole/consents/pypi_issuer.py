"""Issues consent tokens with PyPI's sd-jwt as it comes, with and without decoys: JWK-FILE CERTIFICATE-PEM JTI, a citizen
number on standard input; as JSON the tokens by name."""
import base64, hashlib, json, ssl, sys, time

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer

with open(sys.argv[1]) as file:
    jwk = json.load(file)
with open(sys.argv[2]) as file:
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest()
number, now = sys.stdin.read().strip(), int(time.time())


def token(jti, decoys, header):
    claims = {
        "iss": "https://consent.example", "aud": "credit-gateway", "jti": jti, "iat": now, "nbf": now, "exp": now + 3600,
        "cnf": {"x5t#S256": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()},
        SDObj("citizen_number"): number,
        "authorization_details": [{
            "type": "credit-query", "scenario": "commercial-loan", "fields": ["score_band", "clean_three_years"],
            "look_back": "P5Y", "uses": 1, "frequency": "1/P1M", "data_life": "P1M",
        }],
    }
    issuer = SDJWTIssuer(
        claims, JWK(**jwk), sign_alg=jwk["alg"], add_decoy_claims=decoys, extra_header_parameters={"kid": jwk["kid"], **header},
    )
    return issuer.sd_jwt_issuance


typ = {"typ": "consent+sd-jwt"}
print(json.dumps({
    "plain": token(f"{sys.argv[3]}-1", False, typ),
    "decoys": token(f"{sys.argv[3]}-2", True, typ),
    "without typ": token(f"{sys.argv[3]}-3", False, {}),
}))
