"""Login plug-in that the tool loads in its own environment (`--authn-plugin`): our login starts with a POST and a token.

The address that the tool is given is `https://host:port#spid`; `#spid/professionale` is the second button of SPID.
"""

import re
from typing import Any

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_PURPOSE = re.compile(r"<spid:Purpose>(\w+)</spid:Purpose>")


class Door:
    """The tool's interface: `request` fetches our AuthnRequest, `response` posts a Response. One session is one browser."""

    def __init__(self, session: Any, address: str, *others: object) -> None:
        self.session = session
        self.portal, _, self.method = address.rpartition("#")

    def request(self) -> dict[str, Any]:
        from spid_sp_test.authn_request import build_authn_post_data, build_authn_redirect_data

        chooser = f"{self.portal}/accesso/"
        token = _TOKEN.search(self.session.get(chooser, verify=False).text)
        if token is None:
            raise RuntimeError("the chooser has no form")
        answer = self.session.post(
            f"{chooser}{self.method}/avvia/",
            {"csrfmiddlewaretoken": token[1], "gestore": ""},
            headers={"Referer": chooser},
            allow_redirects=False,
            verify=False,
        )
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"the door answered {answer.status_code}")
        read = build_authn_redirect_data if answer.status_code == 302 else build_authn_post_data
        question = read(answer, "", "", "")
        purpose = _PURPOSE.search(question["SAMLRequest_xml"].decode())
        if (purpose[1] if purpose else "") != ("P" if self.method.endswith("/professionale") else ""):
            raise RuntimeError("the request carries the wrong Purpose")
        return {**question, "requests_session": self.session}

    def response(self, url: str, data: dict[str, Any] | None = None, **kwargs: object) -> Any:
        return self.session.post(url, data=data, verify=False, allow_redirects=True)
