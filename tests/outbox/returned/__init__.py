"""Real delivery reports as data: one file for each meaning (see samples())."""

from pathlib import Path

FOLDER = Path(__file__).parent
TO = "farmacia@posta.example"


def samples(name: str) -> list[tuple[str, bytes]]:
    """The title and the bytes of each report of `failed`, `mild`, `late`, `other`, `elsewhere`, `asked`; about TO."""
    chunks = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n===== ")[1:]
    pairs = (chunk.partition("\n") for chunk in chunks)
    return [(title, raw.replace("FARMACIA", TO).encode()) for title, _, raw in pairs]


def report(status_part: str, *, headers: str = "", kind: str = "report", said: str = "delivery-status") -> bytes:
    """A report with `status_part` as its delivery-status part, its own Content-Type included."""
    return (
        f"From: MAILER-DAEMON@posta.example\nSubject: Avviso\nMIME-Version: 1.0\n{headers}"
        f"Content-Type: multipart/{kind}; report-type={said}; boundary=B\n\n--B\nContent-Type: text/plain; charset=utf-8\n\n"
        f"Avviso\n--B\n{status_part}\n--B--\n"
    ).encode()


def fields(*recipients: str, kind: str = "message/delivery-status") -> str:
    """The delivery-status part: one group of fields for each recipient."""
    return f"Content-Type: {kind}\n\nReporting-MTA: dns; mx.posta.example\n\n" + "\n\n".join(recipients) + "\n"


def dead(recipient: str = TO, *, action: str = "failed") -> str:
    return f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
