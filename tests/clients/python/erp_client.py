"""Signs in to the simulated ERP with the unchanged iitkgp-erp-login: the ERP's host name resolves to the simulator, whose
certificate is trusted, and the code for the prompt is read from the simulator's outbox.

Takes the simulator's port and the credentials as JSON in its first argument, and prints the result.
"""

import builtins
import json
import socket
import sys
from types import SimpleNamespace

import requests

given = json.loads(sys.argv[1])
HOST = "erp.iitkgp.ac.in"

resolve = socket.getaddrinfo


def to_simulator(host, port, *rest, **more):
    if host == HOST:
        host, port = "127.0.0.1", given["port"]
    return resolve(host, port, *rest, **more)


def code(_prompt=""):
    outbox = requests.get(f"https://{HOST}/__sim/outbox", params={"roll": given["roll"]}).json()
    return given.get("code", outbox[-1]["otp"])


socket.getaddrinfo = to_simulator
builtins.input = code

from iitkgp_erp_login import erp  # noqa: E402

session = requests.Session()
credentials = SimpleNamespace(
    ROLL_NUMBER=given["roll"],
    PASSWORD=given["password"],
    SECURITY_QUESTIONS_ANSWERS=given["answers"],
)
try:
    session_token, sso_token = erp.login(headers={"timeout": "20"}, session=session, ERPCREDS=credentials)
except erp.ErpLoginError as why:
    print(json.dumps({"error": str(why)}))
    sys.exit()

table = session.post(
    f"https://{HOST}/Acad/student/view_stud_time_table.jsp",
    data={"ssoToken": sso_token, "module_id": "16", "menu_id": "40"},
)
# Another session has only the token, as from the client's own session file.
again = requests.Session()
erp.populate_session_with_login_tokens(again, sso_token)
print(
    json.dumps(
        {
            "session_token": session_token,
            "sso_token": sso_token,
            "alive": erp.session_alive(session),
            "restored": erp.session_alive(again),
            "stranger_alive": erp.session_alive(requests.Session()),
            "time_table": given["roll"] in table.text,
        }
    )
)
