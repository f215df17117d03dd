"""The published Python client (autoretouch 0.3.0 of PyPI) against a server: all it can do, in one go.

Usage: published.py SERVER PICTURE FOLDER COPIES
Prints the address that a person must confirm; whoever runs this does so. Any disagreement ends it with an error.
"""

import os
import shutil
import sys
import webbrowser

from autoretouch.api_client.client import AutoRetouchAPIClient
from autoretouch.api_client.model import ApiConfig

server, picture, folder, copies = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
webbrowser.open = lambda address: print("confirm", address, flush=True)

config = ApiConfig(
    BASE_API_URL=server,
    BASE_API_URL_CURRENT=server + "/v1",
    CLIENT_ID="V8EkfbxtBi93cAySTVWAecEum4d6pt4J",
    SCOPE="offline_access",
    AUDIENCE="https://api.autoretouch.com",
    AUTH_DOMAIN=server,
)
client = AutoRetouchAPIClient(
    organization_id=None,
    workflow_id=None,
    api_config=config,
    credentials_path=os.path.join(folder, "credentials.json"),
    refresh_token=None,
)
assert client.get_api_status() == 200
client.login()
print("signed in", flush=True)

organization = client.get_organizations()[0]
client.organization_id = organization.id
assert client.get_organization().name == organization.name
workflow = client.get_workflows()[0]
assert client.get_workflow(workflow.id).version == workflow.version
assert workflow.name == "Export only" and workflow.executionPrice >= 1
before = int(client.get_balance())

content_hash = client.upload_image(picture)
with open(picture, "rb") as opened:
    assert client.upload_image_from_stream(opened) == content_hash
with open(picture, "rb") as opened:
    content = opened.read()
assert client.upload_image_from_bytes(content, "no extension") == content_hash
assert client.download_image(content_hash, "any name.png") == content

by_reference = client.create_workflow_execution_for_image_reference(
    workflow.id, content_hash, "jacket front.jpg", labels={"sku": "A 100"}, settings={"input": {}},
    webhooks=["https://shop.example/hook"],
)
by_file = client.create_workflow_execution_for_image_file(workflow.id, picture, labels={"sku": "B"})
for execution_id in (by_reference, by_file):
    assert client.get_workflow_execution_status_blocking(execution_id).endswith("data:COMPLETED\n\n")
    result = client.download_result_blocking(execution_id)
    execution = client.get_workflow_execution_details(execution_id)
    assert execution.status == "COMPLETED" and client.download_result(execution.resultPath) == result
    assert client.download_image(execution.resultContentHash, execution.resultFileName) == result
    assert client.retry_workflow_execution(execution_id) == 200
    client.send_feedback(execution_id, False, [content_hash])
assert client.get_workflow_execution_details(by_reference).labels == {"sku": "A 100"}
assert client.get_workflow_executions(workflow.id).total == 2
assert before - int(client.get_balance()) == 2 * workflow.executionPrice
print("executed", flush=True)

pictures, results = os.path.join(folder, "pictures"), os.path.join(folder, "results")
os.makedirs(pictures)
for number in range(copies):
    shutil.copy(picture, os.path.join(pictures, f"{number}.png"))
before = int(client.get_balance())
client.process_folder(pictures, results, workflow.id)
assert before - int(client.get_balance()) == copies * workflow.executionPrice
assert all(os.path.getsize(os.path.join(results, name)) > 0 for name in os.listdir(results))
assert sorted(os.listdir(results)) == sorted(os.listdir(pictures)), "every picture has a result"
print("folder done", flush=True)

client.auth.refresh_credentials()
assert client.get_organizations()
refresh = client.auth.credentials.refresh_token
client.revoke_credentials()
for gone in (client.get_organizations, lambda: client.get_credentials_from_refresh_token(refresh)):
    try:
        gone()
    except Exception:
        continue
    raise AssertionError("a revoked device is still let in")
client.logout()
print("done", flush=True)
