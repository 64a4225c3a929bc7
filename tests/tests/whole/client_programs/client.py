"""requests, httpx, aiohttp and urllib. See mod.rs for what is read and printed."""
import asyncio, json, os, re, ssl, sys, tempfile, time, urllib.error, urllib.request

import aiohttp, httpx, requests

folder, url = os.environ["CREDIT_DIR"], os.environ["CREDIT_URL"]
ca = f"{folder}/ca.pem"
pair = (f"{folder}/institutions/housing.pem", f"{folder}/institutions/housing.key")

def new_context():
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(*pair)
    return context


context = new_context()
TYPE = {"Content-Type": "application/json"}
there = f"{url}/v1/queries"


def body():
    return sys.stdin.readline().strip()


def file(text):
    out = tempfile.TemporaryFile()
    out.write(text.encode())
    out.seek(0)
    return out


def pieces(text):
    yield text[:20].encode()
    yield text[20:].encode()


async def pieces_later(text):
    for piece in pieces(text):
        yield piece


session = requests.Session()
session.verify, session.cert, session.trust_env = ca, pair, False


def of_requests(**more):
    answer = session.post(there, timeout=20, **more)
    return answer.status_code, f"h{answer.raw.version / 10}", answer.text


# httpx sets the protocols that a context offers, so each has its own.
h1 = httpx.Client(verify=new_context(), timeout=20)
h2 = httpx.Client(verify=new_context(), timeout=20, http1=False, http2=True)


def of_httpx(client, **more):
    answer = client.post(there, **more)
    return answer.status_code, answer.http_version.lower().replace("http/", "h"), answer.text


def of_aiohttp(**more):
    async def call():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
            async with session.post(there, **more) as answer:
                return answer.status, f"h{answer.version.major}.{answer.version.minor}", await answer.text()

    return asyncio.run(asyncio.wait_for(call(), 20))


def of_urllib(data):
    request = urllib.request.Request(there, data, TYPE)
    try:
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return answer.status, f"h{answer.version / 10}", answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, f"h{error.version / 10}", error.read().decode()


ROWS = {
    "requests json": lambda text: of_requests(json=json.loads(text)),
    "requests str": lambda text: of_requests(data=text, headers=TYPE),
    "requests file": lambda text: of_requests(data=file(text), headers=TYPE),
    "requests generator": lambda text: of_requests(data=pieces(text), headers=TYPE),
    "httpx json h1": lambda text: of_httpx(h1, json=json.loads(text)),
    "httpx json h2": lambda text: of_httpx(h2, json=json.loads(text)),
    "httpx generator h1": lambda text: of_httpx(h1, content=pieces(text), headers=TYPE),
    "httpx generator h2": lambda text: of_httpx(h2, content=pieces(text), headers=TYPE),
    "aiohttp json": lambda text: of_aiohttp(json=json.loads(text)),
    "aiohttp bytes": lambda text: of_aiohttp(data=text.encode(), headers=TYPE),
    "aiohttp file": lambda text: of_aiohttp(data=file(text), headers=TYPE),
    "aiohttp expect100": lambda text: of_aiohttp(json=json.loads(text), expect100=True),
    "aiohttp generator": lambda text: of_aiohttp(data=pieces_later(text), headers=TYPE),
    "aiohttp compress": lambda text: of_aiohttp(data=text.encode(), headers=TYPE, compress="deflate"),
    "urllib bytes": lambda text: of_urllib(text.encode()),
    "urllib iterable": lambda text: of_urllib(pieces(text)),
}


def verdict(answer):
    status, version, text = answer
    if status != 200:
        return f"{status} {version} {json.loads(text)['code']}"
    for _ in range(100):
        receipt = session.get(f"{url}/v1/receipts/{json.loads(text)['query']}", timeout=20)
        if receipt.status_code == 200:
            assert receipt.text.startswith("c2sp.org/tlog-proof@v1\n")
            return f"200 {version} receipt"
        assert receipt.status_code == 404 and int(receipt.headers["Retry-After"]) > 0
        time.sleep(0.1)
    return "200, and no receipt"


def attempt(call):
    try:
        return call(body())
    except Exception as error:
        return 0, type(error).__name__, json.dumps({"code": "error"})


answers = [(name, attempt(call)) for name, call in ROWS.items()]
for name, answer in answers:
    print(f"{name}\t{verdict(answer)}")
