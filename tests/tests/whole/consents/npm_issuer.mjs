// Issues consent tokens with npm's @sd-jwt/core: JWK-FILE CERTIFICATE-PEM JTI, a citizen number on standard input; as JSON
// the tokens by name: with the salts of @sd-jwt/crypto-nodejs as they come, and with salts of 128 bits.
import { createHash, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { SDJwtInstance } from "@sd-jwt/core";
import { digest, ES256, generateSalt } from "@sd-jwt/crypto-nodejs";

globalThis.crypto ??= webcrypto;
const [jwkFile, certificate, jti] = process.argv.slice(2);
const jwk = JSON.parse(readFileSync(jwkFile, "utf8"));
const number = readFileSync(0, "utf8").trim();
const thumbprint = createHash("sha256").update(new X509Certificate(readFileSync(certificate)).raw).digest("base64url");
const now = Math.floor(Date.now() / 1000);
const { alg: signAlg, kid, ...key } = jwk;
const signer = await ES256.getSigner(key);

async function token(jti, saltGenerator, frame) {
  const issuer = new SDJwtInstance({ signer, signAlg, hasher: digest, hashAlg: "sha-256", saltGenerator });
  const claims = {
    iss: "https://consent.example", aud: "credit-gateway", jti, iat: now, nbf: now, exp: now + 3600,
    cnf: { "x5t#S256": thumbprint }, citizen_number: number,
    authorization_details: [{
      type: "credit-query", scenario: "commercial-loan", fields: ["score_band", "clean_three_years"],
      look_back: "P5Y", uses: 1, frequency: "1/P1M", data_life: "P1M",
    }],
  };
  return issuer.issue(claims, { _sd: ["citizen_number"], ...frame }, { header: { typ: "consent+sd-jwt", kid } });
}

const long = () => randomBytes(16).toString("base64url");
const decoys = { _sd_decoy: 3, cnf: { _sd_decoy: 2 }, authorization_details: { _sd_decoy: 1, 0: { _sd_decoy: 2 } } };
console.log(JSON.stringify({
  "as it comes": await token(`${jti}-1`, generateSalt, {}),
  "long salt": await token(`${jti}-2`, long, {}),
  "hexadecimal salt": await token(`${jti}-3`, () => generateSalt(32), {}),
  "decoys": await token(`${jti}-4`, long, decoys),
}));
