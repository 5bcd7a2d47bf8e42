"""Signs in to the simulated JIIT portal with pyjiit, unchanged except for its address."""

import json
import os

import pyjiit.wrapper
import requests
from pyjiit.exceptions import LoginError

pyjiit.wrapper.API = os.environ["API"]


def read(portal):
    """The captcha and its characters."""
    captcha = portal.get_captcha()
    switch = os.environ["SIMULATOR"] + "/__sim/captcha"
    captcha.captcha = requests.get(switch, params={"hidden": captcha.hidden}, timeout=10).text
    return captcha


portal = pyjiit.wrapper.Webportal()
try:
    portal.student_login(os.environ["ENROLLMENT"], "a guess", read(portal))
    wrong_password = "taken"
except LoginError:
    wrong_password = "refused"
session = portal.student_login(os.environ["ENROLLMENT"], os.environ["PASSWORD"], read(portal))
record = portal.get_student_personal_information()["generalinformation"]
print(json.dumps({
    "wrong_password": wrong_password,
    "name": session.name,
    "institute": session.institute,
    "memberid": session.memberid,
    "branch": portal.get_attendance_meta().latest_header().branchdesc,
    "registrationno": record["registrationno"],
}))
