import gzip
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pharmacies.files.download import Download, DownloadFailed
from pharmacies.models import Pharmacy, RegisterImport

BODY = b"".join(b"%d;riga del registro\r\n" % number for number in range(5000))
REGISTER = (
    b"cod_farmacia;indirizzo;descrizione_farmacia;p_iva;cap;cod_comune;comune;sigla_provincia;cod_regione;regione;"
    b"data_inizio_validita;data_fine_validita;codice_tipologia\r\n"
    b"4512;Via Roma 12;San Marco;-;38122;022205;TRENTO;TN;042;PROV. AUTON. TRENTO;01/02/2015;-;1\r\n"
)


class RegisterHandler(BaseHTTPRequestHandler):
    """Answers from `server.script`, one entry for each request: a status, "cut", "whole", or a header change."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        what = server.script.pop(0) if server.script else "whole"
        if isinstance(what, int):
            self.send_response(what)
            if what in (301, 302):
                self.send_header("Location", server.redirect_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        same = not server.etag or self.headers.get("If-Range") == server.etag
        if self.headers.get("Range") and same and server.resumes:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        body = server.body[start:]
        if what == "packed":
            body = gzip.compress(body)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        if what == "packed":
            self.send_header("Content-Encoding", "gzip")
        if server.etag:
            self.send_header("ETag", server.etag)
        if what == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif what != "unmeasured":
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(body[: len(body) // 2] if what in ("cut", "packed") else body)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), RegisterHandler)
    server.script, server.ranges = [], []
    server.body, server.etag, server.resumes, server.redirect_to = BODY, '"prima"', True, ""
    server.url = f"http://127.0.0.1:{server.server_address[1]}/register.csv"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def download(server, tmp_path):
    def of(url: str = "", largest: int = 10_000_000, attempts: int = 5) -> Download:
        return Download(url or server.url, tmp_path, largest=largest, pauses=[0] * (attempts - 1))

    return of


def test_a_register_at_a_web_address_is_imported_and_the_download_forgotten(db, server, settings, tmp_path):
    server.body, settings.VAR_DIR = REGISTER, tmp_path
    call_command("import_pharmacies", server.url, stdout=StringIO(), stderr=StringIO())
    assert Pharmacy.objects.get().name == "San Marco"
    assert not list((tmp_path / "downloads").iterdir())


@pytest.fixture
def at_once(monkeypatch):
    """No pause between attempts."""
    monkeypatch.setattr("pharmacies.files.download.time.sleep", lambda seconds: None)


def command(url: str) -> str:
    """The command's message when it ends with exit code 3; "" on success."""
    try:
        call_command("import_pharmacies", url, stdout=StringIO(), stderr=StringIO())
    except CommandError as refused:
        return str(refused) if refused.returncode == 3 else f"exit code {refused.returncode}"
    return ""


def test_the_name_of_the_address_is_the_name_of_the_file(db, server, settings, tmp_path):
    server.body, settings.VAR_DIR = REGISTER, tmp_path
    command(server.url.replace("register.csv", "FRM_FARMA_5_20180420.csv"))
    read = RegisterImport.objects.get()
    assert (read.file, read.day, read.is_whole) == ("FRM_FARMA_5_20180420.csv", date(2018, 4, 20), True)


def test_a_download_that_never_ends_is_read_as_a_piece_and_goes_on_the_next_time(
    db, server, settings, tmp_path, at_once
):
    rows = b"".join(REGISTER.splitlines(keepends=True)[1].replace(b"4512", b"%d" % n) for n in range(400))
    server.body, settings.VAR_DIR = REGISTER + rows, tmp_path
    server.script = ["cut"] * 5
    assert "the download broke off" in command(server.url)
    assert 300 < Pharmacy.objects.count() < 400
    assert command(server.url) == ""
    assert Pharmacy.objects.count() == 401
    assert not list((tmp_path / "downloads").iterdir())


@pytest.mark.parametrize(("how", "whole"), [("whole", True), ("chunked", True), ("unmeasured", False)])
def test_a_length_or_a_last_chunk_proves_that_all_of_it_came(db, server, settings, tmp_path, how, whole):
    server.body, settings.VAR_DIR, server.script = REGISTER, tmp_path, [how]
    assert ("did not say how long" in command(server.url)) is not whole
    assert Pharmacy.objects.count() == 1


def test_nul_bytes_are_not_imported(db, server, settings, tmp_path):
    server.body, settings.VAR_DIR = REGISTER + b"\0" * 100 + REGISTER, tmp_path
    with pytest.raises(CommandError, match="NUL bytes"):
        call_command("import_pharmacies", server.url, stdout=StringIO(), stderr=StringIO())
    assert not Pharmacy.objects.exists()


def test_two_downloads_of_one_address_at_once_write_in_two_files(server, download):
    server.script = ["cut"]
    with pytest.raises(DownloadFailed):
        download(attempts=1).run()
    first, second = download(), download()
    first._begin()
    assert second.run().read_bytes() == BODY
    assert server.ranges == [None, None], "the first has taken what was left"
    assert first.part.read_bytes() == BODY[: len(BODY) // 2]


def test_a_server_that_stumbles_is_asked_again(server, download):
    server.script = [500, 503, "whole"]
    assert download().run().read_bytes() == BODY
    assert len(server.ranges) == 3


def test_a_download_cut_in_the_middle_goes_on_from_there(server, download):
    server.script = ["cut", "whole"]
    assert download().run().read_bytes() == BODY
    assert server.ranges == [None, f"bytes={len(BODY) // 2}-"]


def test_running_again_goes_on_from_where_the_last_run_stopped(server, download):
    server.script = ["cut", 503]
    with pytest.raises(DownloadFailed, match="goes on from where it stopped"):
        download(attempts=2).run()
    assert download().run().read_bytes() == BODY
    assert server.ranges[-1] == f"bytes={len(BODY) // 2}-"


def test_a_file_that_changed_meanwhile_is_taken_from_the_beginning(server, download):
    server.script = ["cut"]
    with pytest.raises(DownloadFailed):
        download(attempts=1).run()
    server.etag, server.body = '"seconda"', BODY[::-1]
    assert download().run().read_bytes() == BODY[::-1]


@pytest.mark.parametrize("etag", ["", 'W/"debole"'])
def test_without_a_strong_validator_nothing_is_pieced_together(server, download, etag):
    server.etag, server.script = etag, ["cut", "whole"]
    assert download().run().read_bytes() == BODY
    assert server.ranges == [None, None]


def test_an_answer_packed_against_our_wish_and_cut_is_taken_from_the_beginning(server, download):
    server.script = ["packed", "whole"]
    assert download().run().read_bytes() == BODY
    assert server.ranges == [None, None]


def test_a_server_that_cannot_resume_sends_it_all_again(server, download):
    server.resumes, server.script = False, ["cut", "whole"]
    assert download().run().read_bytes() == BODY


def test_a_piece_that_no_longer_fits_is_thrown_away(server, download):
    server.script = ["cut", 416, "whole"]
    assert download().run().read_bytes() == BODY
    assert server.ranges == [None, f"bytes={len(BODY) // 2}-", None]


@pytest.mark.parametrize("how", ["whole", "unmeasured"])
def test_a_file_that_is_too_big_is_refused_and_leaves_nothing(server, download, tmp_path, how):
    server.script = [how]
    with pytest.raises(DownloadFailed, match="larger than"):
        download(largest=len(BODY) - 1).run()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_no_is_not_asked_again(server, download, status):
    server.script = [status]
    with pytest.raises(DownloadFailed, match=str(status)):
        download().run()
    assert len(server.ranges) == 1


def test_nobody_there_is_a_sentence(server, download):
    with pytest.raises(DownloadFailed, match="did not arrive after 2 attempts"):
        download("http://127.0.0.1:9/register.csv", attempts=2).run()


@pytest.mark.parametrize(
    "url", ["http://register.example/file.csv", "ftp://127.0.0.1/file.csv", "https://", "http://[::1"]
)
def test_an_address_in_clear_or_of_another_kind_is_refused(url, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match=r"https|address"):
        call_command("import_pharmacies", url, stdout=StringIO(), stderr=StringIO())


def test_a_redirect_is_followed_but_not_to_an_address_in_clear(server, download):
    server.redirect_to, server.script = server.url + "?qui", [302, "whole"]
    assert download().run().read_bytes() == BODY
    server.redirect_to, server.script = "http://register.example/file.csv", [302]
    with pytest.raises(DownloadFailed, match="must be https"):
        download(server.url + "?altro").run()


def test_redirects_without_end_are_refused(server, download):
    server.redirect_to, server.script = server.url, [302] * 10
    with pytest.raises(DownloadFailed, match="without end"):
        download().run()
