// node's https, http2 and fetch, undici, axios, got and node-fetch. See mod.rs for what is read and printed.
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import { Readable } from "node:stream";
import { Agent, fetch } from "undici";
import axios from "axios";
import got from "got";
import nodeFetch from "node-fetch";

const { CREDIT_DIR: folder, CREDIT_URL: url } = process.env;
const read = (name) => readFileSync(`${folder}/${name}`);
const tls = { ca: read("ca.pem"), cert: read("institutions/housing.pem"), key: read("institutions/housing.key") };
const bodies = readFileSync(0, "utf8").split("\n");
const there = `${url}/v1/queries`;
const type = { "Content-Type": "application/json" };
const halves = (text) => [text.slice(0, 20), text.slice(20)].map((half) => Buffer.from(half));

function ofHttps(headers, send) {
  return new Promise((resolve, reject) => {
    const request = https.request(there, { method: "POST", ...tls, headers: { ...type, ...headers }, timeout: 20_000 });
    request.on("response", async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      resolve([answer.statusCode, `h${answer.httpVersion}`, text]);
    });
    request.on("timeout", () => request.destroy(new Error("timeout"))).on("error", reject);
    send(request);
  });
}

function ofHttp2(headers, send) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, tls).on("error", reject);
    const stream = session.request({ ":method": "POST", ":path": "/v1/queries", "content-type": "application/json", ...headers });
    stream.setTimeout(20_000, () => reject(new Error("timeout")));
    stream.on("response", async (head) => {
      const text = Buffer.concat(await stream.toArray()).toString();
      session.close();
      resolve([head[":status"], "h2", text]);
    });
    stream.on("error", reject);
    send(stream);
  });
}

const agents = { h1: new Agent({ connect: tls }), h2: new Agent({ connect: tls, allowH2: true }) };
async function ofFetch(version, body) {
  const more = { body, duplex: "half", headers: type, dispatcher: agents[version], signal: AbortSignal.timeout(20_000) };
  const answer = await fetch(there, { method: "POST", ...more });
  return [answer.status, version === "h1" ? "h1.1" : version, await answer.text()];
}

const agent = new https.Agent(tls);
async function ofAxios(data) {
  const more = { httpsAgent: agent, headers: type, validateStatus: () => true, responseType: "text", timeout: 20_000 };
  const answer = await axios.post(there, data, { ...more, transformResponse: (text) => text });
  return [answer.status, `h${answer.request.res.httpVersion}`, answer.data];
}

async function ofGot(more) {
  const certificate = { certificateAuthority: tls.ca, certificate: tls.cert, key: tls.key };
  const answer = await got.post(there, { https: certificate, throwHttpErrors: false, retry: { limit: 0 }, timeout: { request: 20_000 }, ...more });
  return [answer.statusCode, `h${answer.httpVersion}`, answer.body];
}

async function ofNodeFetch(body) {
  const answer = await nodeFetch(there, { method: "POST", agent, headers: type, body, signal: AbortSignal.timeout(20_000) });
  return [answer.status, "h1.1", await answer.text()];
}

async function* pieces(text) {
  yield* halves(text);
}

const rows = {
  "https end": (text) => ofHttps({}, (request) => request.end(text)),
  "https write with length": (text) =>
    ofHttps({ "Content-Length": Buffer.byteLength(text) }, (request) => (request.write(text), request.end())),
  "https Expect": (text) =>
    ofHttps({ Expect: "100-continue", "Content-Length": Buffer.byteLength(text) }, (request) =>
      request.on("continue", () => request.end(text)).flushHeaders()),
  "https Expect chunked": (text) =>
    ofHttps({ Expect: "100-continue" }, (request) => request.on("continue", () => request.end(text)).flushHeaders()),
  "https write": (text) => ofHttps({}, (request) => (request.write(text), request.end())),
  "https pipe": (text) => ofHttps({}, (request) => Readable.from(halves(text)).pipe(request)),
  "http2 end": (text) => ofHttp2({}, (stream) => stream.end(text)),
  "http2 Expect": (text) => ofHttp2({ expect: "100-continue" }, (stream) => stream.on("continue", () => stream.end(text))),
  "fetch string h1": (text) => ofFetch("h1", text),
  "fetch Blob h1": (text) => ofFetch("h1", new Blob([text], { type: "application/json" })),
  "fetch stream h1": (text) => ofFetch("h1", ReadableStream.from(pieces(text))),
  "fetch generator h1": (text) => ofFetch("h1", pieces(text)),
  "fetch string h2": (text) => ofFetch("h2", text),
  "fetch stream h2": (text) => ofFetch("h2", ReadableStream.from(pieces(text))),
  "axios object": (text) => ofAxios(JSON.parse(text)),
  "axios string": (text) => ofAxios(text),
  "axios stream": (text) => ofAxios(Readable.from(halves(text))),
  "got json": (text) => ofGot({ json: JSON.parse(text) }),
  "got stream": (text) => ofGot({ headers: type, body: Readable.from(halves(text)) }),
  "got json h2": (text) => ofGot({ json: JSON.parse(text), http2: true }),
  "node-fetch string": (text) => ofNodeFetch(text),
  "node-fetch stream": (text) => ofNodeFetch(Readable.from(halves(text))),
};

async function verdict([status, version, text]) {
  if (status !== 200) return `${status} ${version} ${JSON.parse(text).code}`;
  for (let round = 0; round < 100; round++) {
    const receipt = await fetch(`${url}/v1/receipts/${JSON.parse(text).query}`, { dispatcher: agents.h1 });
    const proof = await receipt.text();
    if (receipt.status === 200) return proof.startsWith("c2sp.org/tlog-proof@v1\n") ? `200 ${version} receipt` : "no proof";
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return "200, and no receipt";
}

const answers = [];
for (const [name, call] of Object.entries(rows)) {
  const answer = await call(bodies.shift()).catch((error) => [0, String(error.cause ?? error), '{"code":"error"}']);
  answers.push([name, answer]);
}
for (const [name, answer] of answers) console.log(`${name}\t${await verdict(answer)}`);
process.exit(0);
