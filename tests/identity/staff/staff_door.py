"""The staff's login: Carla, her password, the codes of her app."""

from datetime import datetime

from django.http import HttpResponse
from django.test import Client
from django_otp.oath import TOTP

PASSWORD = "una password lunga"
SECRET = b"0123456789abcdefghij"
LOGIN, CODE = "/operatori/accesso/", "/operatori/accesso/codice/"


def code_at(at: datetime, secret: bytes = SECRET) -> str:
    app = TOTP(secret, 30, 0, 6)
    app.time = at.timestamp()
    return f"{app.token():06d}"


def give_password(client: Client, password: str = PASSWORD, username: str = "carla", **fields: str) -> HttpResponse:
    return client.post(LOGIN, {"username": username, "password": password, **fields})


def give_code(client: Client, code: str) -> HttpResponse:
    return client.post(CODE, {"code": code})
