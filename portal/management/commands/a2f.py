"""`manage.py a2f create|check|revoke|use`: calls any A2F endpoint from the command line, as a gestionale does."""

import ssl
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from getpass import getpass
from pathlib import Path
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError

from portal import a2f_client, tls
from portal.a2f_client import Account, Exchange, NoAnswer, NotACertificate, Purpose
from portal.values.pasted import id_sessione

DONE, REFUSED, USAGE, UNAUTHORISED, NO_ANSWER, FAULT = 0, 1, 2, 3, 4, 5
EXAMPLES = f"""
The command reads secrets from the keyboard or from files (- for the standard input), never from the command line, which every
user of the machine can read. It never prints them; it prints the id only with --show-id.

  a2f create --url http://127.0.0.1:8000 --user UV386Q5B --codice-fiscale BBTMRZ54L19H501T --codes 130/204/78909 \\
      --certificate pincode.pem
  a2f check  --url ... --user ... --codice-fiscale ... --certificate pincode.pem --id-file id.txt
  a2f use    --url ... --user ... --id-file id.txt

--url is the host, or the whole address of the service (of the gate, for use).

Exit status: {DONE} done, valid, let through; {REFUSED} refused; {USAGE} wrong arguments; {UNAUTHORISED} wrong user or
password; {NO_ANSWER} no answer; {FAULT} a fault, or an answer that is not of this service.
"""


class Command(BaseCommand):
    help = (
        "Speaks to an A2F web service as a gestionale does: asks for an id, checks it, revokes it, uses it at a gate."
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["create", "check", "revoke", "use"])
        parser.add_argument("--url", required=True, help="https://host, or the whole address of the endpoint")
        parser.add_argument("--user", required=True, help="the userId of the utenza")
        parser.add_argument("--password-file", help="a file with the password; - for the standard input")
        parser.add_argument("--pincode-file", help="a file with the pincode in clear; it leaves encrypted only")
        parser.add_argument("--certificate", help="the public certificate of the service, PEM or DER")
        parser.add_argument("--encrypted-pincode-file", help="instead of the two above: base64, already encrypted")
        parser.add_argument("--tipo", default="P", help="kind of identificativo, P (default) or I")
        parser.add_argument("--codice-fiscale", default="", help="cfUtente")
        parser.add_argument("--codes", default="//", help="regione/ASL/SSA, create only: 130/204/78909")
        parser.add_argument("--contesto", default="RICETTA-DEM")
        parser.add_argument("--applicazione", default="EROGATORE")
        parser.add_argument("--id-file", help="a file with the ID-SESSIONE: check, revoke, use")
        parser.add_argument("--show-id", action="store_true", help="print the id that a service in TEST answers")
        parser.add_argument(
            "--raw", action="store_true", help="print the request and the reply too, the password masked"
        )
        parser.add_argument("--ca", help="a file with the certification authority of the endpoint (PEM)")

    def handle(self, *args: Any, **options: Any) -> None:
        act = str(options["act"])
        account = self._account(act, options)
        purpose = Purpose(options["contesto"], options["applicazione"])
        token = "" if act == "create" else id_sessione(_secret("ID-SESSIONE", options["id_file"]))
        try:
            with httpx.Client(timeout=a2f_client.TIMEOUT, verify=_trust(options["ca"])) as client:
                exchange = _speak(client, act, str(options["url"]), account, purpose, token)
        except NoAnswer as error:
            raise CommandError(str(error), returncode=NO_ANSWER) from error
        shown = exchange.reply.token or token
        if options["raw"]:
            for text in (exchange.sent, exchange.received):
                self.stdout.write(
                    (text if options["show_id"] or not shown else text.replace(shown, f"…{shown[-4:]}")) + "\n"
                )
        self._tell(act, exchange, show_id=options["show_id"])

    def _account(self, act: str, options: dict[str, Any]) -> Account:
        codes = tuple(str(options["codes"]).split("/"))
        if len(codes) != 3:
            raise CommandError("--codes is regione/ASL/SSA, like 130/204/78909.", returncode=USAGE)
        password = _secret("Password", options["password_file"])
        valore = "" if act == "use" else _valore(options)
        return Account(
            options["user"],
            password,
            options["codice_fiscale"],
            (codes[0], codes[1], codes[2]),
            valore,
            options["tipo"],
        )

    def _tell(self, act: str, exchange: Exchange, *, show_id: bool) -> None:
        """The outcome in words and the exit status. Raises CommandError for everything that is not done."""
        reply = exchange.reply
        if exchange.status == 401:
            raise CommandError("401: wrong user or password.", returncode=UNAUTHORISED)
        if act == "use":
            self._tell_gate(exchange)
            return
        if reply.fault or not reply.outcome:
            words = reply.fault or "the answer is not of an A2F service."
            raise CommandError(f"HTTP {exchange.status}: {words}", returncode=FAULT)
        for name, value in reply.info.items():
            if name != "token":
                self.stdout.write(f"{name}: {value}")
            elif show_id:
                self.stdout.write(f"ID-SESSIONE: {value}")
            else:
                self.stdout.write(f"ID-SESSIONE: …{value[-4:]} (--show-id for the whole)")
        if reply.state:
            until = f", until {reply.valid_until.isoformat()}" if reply.valid_until else ""
            self.stdout.write(f"{reply.state}{until}")
        if not reply.is_done:
            raise CommandError("; ".join(map(str, reply.errors)) or "Refused.", returncode=REFUSED)
        self.stdout.write(self.style.SUCCESS("Done."))

    def _tell_gate(self, exchange: Exchange) -> None:
        if exchange.status == 403:
            code, reason = exchange.headers.get("X-A2F-Error", "?"), exchange.headers.get("X-A2F-Reason", "?")
            raise CommandError(f"403: error {code}, {reason}.", returncode=REFUSED)
        if exchange.status not in (200, 204):
            raise CommandError(f"HTTP {exchange.status}: not the answer of a gate.", returncode=FAULT)
        self.stdout.write(self.style.SUCCESS(f"Let through, until {exchange.headers.get('X-A2F-Expires-At', '?')}."))


def _speak(client: httpx.Client, act: str, url: str, account: Account, purpose: Purpose, token: str) -> Exchange:
    path = a2f_client.GATE if act == "use" else a2f_client.PATH
    whole = url if url.rstrip("/").count("/") > 2 else url.rstrip("/") + path
    if act == "create":
        return a2f_client.create(client, whole, account, purpose)
    call = {"check": a2f_client.check, "revoke": a2f_client.revoke, "use": a2f_client.use}[act]
    return call(client, whole, account, purpose, token)


def _valore(options: dict[str, Any]) -> str:
    if options["encrypted_pincode_file"]:
        return _secret("", options["encrypted_pincode_file"])
    if not options["certificate"]:
        raise CommandError("--certificate is needed to encrypt the pincode.", returncode=USAGE)
    try:
        certificate = Path(options["certificate"]).read_bytes()
        return a2f_client.encrypt(_secret("Pincode", options["pincode_file"]), certificate)
    except (OSError, NotACertificate, ValueError):
        raise CommandError(
            "--certificate cannot be read: a file with an RSA certificate, PEM or DER.", returncode=USAGE
        ) from None


def _trust(file: str | None) -> ssl.SSLContext:
    """The certification authorities to trust for the endpoint. Raises CommandError when the file cannot be read."""
    if not file:
        return tls.of_the_web()
    try:
        return tls.of_the_system(file)
    except (OSError, ssl.SSLError):
        raise CommandError("--ca cannot be read: a PEM file.", returncode=USAGE) from None


def _secret(name: str, file: str | None) -> str:
    """Reads a secret: the first line of the file or the standard input, or from the keyboard."""
    if file is None:
        return getpass(f"{name}: ")
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8")
        text = text.removeprefix("\ufeff")  # the byte order mark that Windows editors put first
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"A file with a secret cannot be read ({name or 'pincode'}).", returncode=USAGE) from None
    return text.splitlines()[0] if text else ""
