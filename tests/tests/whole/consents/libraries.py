"""Issues and verifies consent tokens with joserfc and Authlib, from the profile's text alone.

libraries.py LIBRARY issue JWK-FILE CERTIFICATE-PEM OTHER-CERTIFICATE-PEM JTI: a citizen number on standard input; as JSON a
good token, and bad ones of the same name, each in one thing.
libraries.py LIBRARY verify JWKS-FILE: a token on standard input; as JSON its claims and the person."""
import base64, hashlib, json, os, ssl, sys, time, warnings

warnings.filterwarnings("ignore", message="authlib.jose module is deprecated")


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Joserfc:
    def key(self, jwk):
        from joserfc.jwk import import_key

        return import_key(jwk)

    def another(self, jwk):
        from joserfc.jwk import ECKey, OKPKey

        return (OKPKey if jwk["kty"] == "OKP" else ECKey).generate_key(jwk["crv"])

    def sign(self, header, claims, key):
        from joserfc import jwt

        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def verify(self, token, jwks, expected):
        from joserfc import jwt
        from joserfc.jwk import KeySet

        verified = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["EdDSA", "ES256"])
        essential = {name: {"essential": True, "value": value} for name, value in expected.items()}
        jwt.JWTClaimsRegistry(exp={"essential": True}, nbf={"essential": True}, **essential).validate(verified.claims)
        return verified.header, verified.claims


class Authlib:
    def key(self, jwk):
        from authlib.jose import JsonWebKey

        return JsonWebKey.import_key(jwk)

    def another(self, jwk):
        from authlib.jose import JsonWebKey

        return JsonWebKey.generate_key(jwk["kty"], jwk["crv"], is_private=True)

    def sign(self, header, claims, key):
        from authlib.jose import JsonWebToken

        return JsonWebToken([header["alg"]]).encode(header, claims, key).decode()

    def verify(self, token, jwks, expected):
        from authlib.jose import JsonWebKey, JsonWebToken

        options = {name: {"essential": True, "value": value} for name, value in expected.items()}
        options |= {"exp": {"essential": True}, "nbf": {"essential": True}}
        keys = JsonWebKey.import_key_set(jwks)
        claims = JsonWebToken(["EdDSA", "ES256"]).decode(token, keys, claims_options=options)
        claims.validate()
        return claims.header, dict(claims)


def thumbprint(path):
    with open(path) as file:
        return text(hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest())


def issue(library, jwk_file, certificate, other_certificate, jti):
    with open(jwk_file) as file:
        jwk = json.load(file)
    number = sys.stdin.read().strip()

    def token(key, certificate, age_s=0):
        disclosure = text(json.dumps([text(os.urandom(16)), "citizen_number", number]).encode())
        issued = int(time.time()) - age_s
        claims = {
            "iss": "https://consent.example", "aud": "credit-gateway", "jti": jti,
            "iat": issued, "nbf": issued, "exp": issued + 3600,
            "cnf": {"x5t#S256": thumbprint(certificate)},
            "_sd_alg": "sha-256", "_sd": [text(hashlib.sha256(disclosure.encode()).digest())],
            "authorization_details": [{
                "type": "credit-query", "scenario": "commercial-loan", "fields": ["score_band", "clean_three_years"],
                "look_back": "P5Y", "uses": 1, "frequency": "1/P1M", "data_life": "P1M",
            }],
        }
        header = {"alg": jwk["alg"], "typ": "consent+sd-jwt", "kid": jwk["kid"]}
        return f"{library.sign(header, claims, key)}~{disclosure}~"

    key = library.key(jwk)
    return {
        "good": token(key, certificate),
        "expired": token(key, certificate, age_s=3601),
        "wrong_cnf": token(key, other_certificate),
        "other_key": token(library.another(jwk), certificate),
    }


def verify(library, jwks_file):
    with open(jwks_file) as file:
        jwks = json.load(file)
    signed, disclosure, rest = sys.stdin.read().strip().split("~")
    expected = {"iss": "https://consent.example", "aud": "credit-gateway"}
    header, claims = library.verify(signed, jwks, expected)
    if header["typ"] != "consent+sd-jwt" or rest:
        sys.exit("this is no consent token")
    if text(hashlib.sha256(disclosure.encode()).digest()) not in claims["_sd"]:
        sys.exit("the disclosure is not the one that was signed")
    _, name, number = json.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
    return {"claims": claims, name: number}


library = {"joserfc": Joserfc, "authlib": Authlib}[sys.argv[1]]()
command = {"issue": issue, "verify": verify}[sys.argv[2]]
print(json.dumps(command(library, *sys.argv[3:])))
