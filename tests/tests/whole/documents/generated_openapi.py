"""Generates a client with openapi-generator, reads an answer and a refusal with it, and asks the demo: JAR DOCUMENT FOLDER,
and on standard input [answer, refusal, query]."""
import json, os, subprocess, sys, warnings

jar, document, folder = sys.argv[1:]
command = ["java", "-jar", jar, "generate", "-g", "python", "-i", document, "-o", folder]
made = subprocess.run(command, capture_output=True, text=True)
assert made.returncode == 0 and "ERROR" not in made.stdout, made.stdout + made.stderr
sys.path.insert(0, folder)
warnings.simplefilter("error")
from openapi_client import ApiClient, Configuration
from openapi_client.api.query_api import QueryApi
from openapi_client.exceptions import BadRequestException
from openapi_client.models.answer import Answer
from openapi_client.models.problem import Problem
from openapi_client.models.query import Query

answer, refusal, query = json.load(sys.stdin)
read = Answer.from_dict(answer)
assert json.loads(read.to_json()) == answer and read.data == answer["data"], read
assert type(read.data["credit_amount"]) is int and read.data["insurance_policies"] == ["life"]
assert Answer.from_dict({**answer, "a_member_of_later": 1}).data == answer["data"]
assert Problem.from_dict({**refusal, "code": "a-code-of-later"}).code == "a-code-of-later"
configuration = Configuration(host=os.environ["CREDIT_URL"], ssl_ca_cert=os.environ["CREDIT_DIR"] + "/ca.pem")
configuration.cert_file = os.environ["CREDIT_DIR"] + "/institutions/housing.pem"
configuration.key_file = os.environ["CREDIT_DIR"] + "/institutions/housing.key"
with ApiClient(configuration) as client:
    api = QueryApi(client)
    try:
        api.ask(Query(scenario=query["scenario"], operator=query["operator"]))
        raise AssertionError("answered without a person")
    except BadRequestException as refused:
        assert json.loads(refused.body)["status"] == 400
    assert api.ask(Query(**query)).data["black_listed"] is False
print("read")
