// Issues and verifies consent tokens with `jose`, from the profile's text alone. The same commands as libraries.py:
//
// library.mjs issue JWK-FILE CERTIFICATE-PEM OTHER-CERTIFICATE-PEM JTI: a citizen number on standard input
// library.mjs verify JWKS-FILE: a token on standard input
import { createHash, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createLocalJWKSet, generateKeyPair, importJWK, jwtVerify, SignJWT } from "jose";

// Node.js 18, which Debian 12 has, keeps it to itself.
globalThis.crypto ??= webcrypto;

const digest = (data) => createHash("sha256").update(data).digest("base64url");
const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const input = () => readFileSync(0, "utf8").trim();

async function issue(jwkFile, certificate, otherCertificate, jti) {
  const jwk = json(jwkFile);
  const number = input();
  const token = (key, certificate, ageS = 0) => {
    const salt = randomBytes(16).toString("base64url");
    const disclosure = Buffer.from(JSON.stringify([salt, "citizen_number", number])).toString("base64url");
    const issued = Math.floor(Date.now() / 1000) - ageS;
    const claims = {
      cnf: { "x5t#S256": digest(new X509Certificate(readFileSync(certificate)).raw) },
      _sd_alg: "sha-256",
      _sd: [digest(disclosure)],
      authorization_details: [{
        type: "credit-query", scenario: "commercial-loan", fields: ["score_band", "clean_three_years"],
        look_back: "P5Y", uses: 1, frequency: "1/P1M", data_life: "P1M",
      }],
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: jwk.alg, typ: "consent+sd-jwt", kid: jwk.kid })
      .setIssuer("https://consent.example")
      .setAudience("credit-gateway")
      .setJti(jti)
      .setIssuedAt(issued)
      .setNotBefore(issued)
      .setExpirationTime(issued + 3600)
      .sign(key)
      .then((signed) => `${signed}~${disclosure}~`);
  };
  const key = await importJWK(jwk);
  const { privateKey: another } = await generateKeyPair(jwk.alg, { crv: jwk.crv });
  return {
    good: await token(key, certificate),
    expired: await token(key, certificate, 3601),
    wrong_cnf: await token(key, otherCertificate),
    other_key: await token(another, certificate),
  };
}

async function verify(jwksFile) {
  const [signed, disclosure, rest] = input().split("~");
  const { payload: claims } = await jwtVerify(signed, createLocalJWKSet(json(jwksFile)), {
    algorithms: ["EdDSA", "ES256"],
    typ: "consent+sd-jwt",
    issuer: "https://consent.example",
    audience: "credit-gateway",
    requiredClaims: ["exp", "nbf", "iat", "jti", "cnf"],
  });
  if (rest !== "" || !claims._sd.includes(digest(disclosure))) {
    throw new Error("the disclosure is not the one that was signed");
  }
  const [, name, number] = JSON.parse(Buffer.from(disclosure, "base64url"));
  return { claims, [name]: number };
}

const [command, ...rest] = process.argv.slice(2);
console.log(JSON.stringify(await { issue, verify }[command](...rest)));
