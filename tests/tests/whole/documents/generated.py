"""Generates a client with openapi-python-client and reads an answer and a refusal with it: DOCUMENT FOLDER, and on standard
input the two as a JSON list."""
import json, os, subprocess, sys

document, folder = sys.argv[1:]
target = os.path.join(folder, "credit_query")
path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
# It knows lines of JSON by another name only.
config = os.path.join(folder, "config.yaml")
with open(config, "w") as file:
    file.write("content_type_overrides:\n  application/x-ndjson: application/octet-stream\n")
command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", document, "--meta", "none", "--config", config]
made = subprocess.run([*command, "--fail-on-warning", "--output-path", target], env={**os.environ, "PATH": path}, capture_output=True, text=True)
assert made.returncode == 0, made.stdout + made.stderr
sys.path.insert(0, folder)
from credit_query.api.query import ask
from credit_query.client import AuthenticatedClient
from credit_query.models import Answer, Problem

answer, refusal = json.load(sys.stdin)
assert Answer.from_dict(dict(answer)).to_dict() == answer
read = Answer.from_dict({**answer, "a_member_of_later": 1})
assert read.additional_properties == {"a_member_of_later": 1} and read.data.additional_properties == answer["data"]
assert Problem.from_dict({**refusal, "code": "a-code-of-later"}).code == "a-code-of-later"
client = AuthenticatedClient(base_url="https://localhost", token="consent")
assert client.token == "consent" and "idempotency_key" in ask.sync_detailed.__annotations__
print("read")
