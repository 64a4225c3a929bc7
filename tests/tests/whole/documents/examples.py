# Checks each example of an OpenAPI document against the schema that it stands under, and says how many there were.
import json, sys
from jsonschema import Draft202012Validator

document = json.load(open(sys.argv[1], encoding="utf-8"))
checked = 0

def check(node, where):
    global checked
    if isinstance(node, list):
        for index, item in enumerate(node):
            check(item, f"{where}/{index}")
    if not isinstance(node, dict):
        return
    schema = node.get("schema")
    if isinstance(schema, dict):
        examples = {name: example["value"] for name, example in node.get("examples", {}).items()}
        if "example" in node:
            examples["example"] = node["example"]
        # References are looked up from the root, which therefore has the components.
        validator = Draft202012Validator({**schema, "components": document["components"]})
        for name, value in examples.items():
            errors = [error.message for error in validator.iter_errors(value)]
            assert not errors, f"{where} {name}: {errors}"
            checked += 1
    for name, child in node.items():
        check(child, f"{where}/{name}")

check(document, "#")
print(checked)
