"""Engine of the web sessions: the row holds a keyed hash of the cookie's value and sealed data (OWASP ASVS 5, 7.2 and 11.2).

A copy of the table opens no session and shows nothing of what a session holds. The data is sealed together with the name of its
row, so that data moved to another row is refused. The portal has no asynchronous views: the asynchronous methods are refused.
"""

from typing import Any, NoReturn

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

from portal.secrets.codes import keyed_hash
from portal.secrets.sealing import SealBroken, seal, unseal

_ROW_NAME = 40  # hexadecimal digits, 160 bits: the width of Django's column


def row_of(session_key: str) -> str:
    """The primary key of the row of this session. `session_key`: the value of the cookie."""
    return keyed_hash("web-session", session_key)[:_ROW_NAME]


class SessionStore(db.SessionStore):
    """As Django's store in the database. Data that no sealing key opens, or of another row, counts as an empty session."""

    def exists(self, session_key: str) -> bool:
        return super().exists(row_of(session_key))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            super().delete(row_of(key))

    def encode(self, session_dict: dict[str, Any]) -> str:
        plain: bytes = self.serializer().dumps(session_dict)
        return seal(row_of(self.session_key or "").encode() + plain).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            plain = unseal(session_data.encode() if isinstance(session_data, str) else session_data)
        except SealBroken:
            return {}
        row = row_of(self.session_key or "").encode()
        return dict(self.serializer().loads(plain.removeprefix(row))) if plain.startswith(row) else {}

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = row_of(row.session_key)
        return row

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        key = self.session_key or ""
        row = self.model.objects.filter(session_key=row_of(key), expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row

    async def _refuse(self, *args: object, **named: object) -> NoReturn:
        raise NotImplementedError("the sessions of the portal are read and written by synchronous code only")

    aexists = adelete = acreate_model_instance = _aget_session_from_db = _refuse
