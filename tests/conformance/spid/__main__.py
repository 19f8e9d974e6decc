"""`make test-spid`: runs the official tool on metadata, requests and responses of SPID and CIE, then checks its report (report.py)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from tests.conformance.spid.portal import Place, new_pair, over_https
from tests.conformance.spid.report import Verdict, judged

TOOL = Path(os.environ.get("VENV_SPID", ".venv-spid")) / "bin" / "spid_sp_test"
LASTS_AT_MOST = 600  # seconds, for one profile
# a profile of the tool, and the address of the button under /accesso/
_RUNS = [("spid-sp-public", "spid"), ("spid-sp-public", "spid/professionale"), ("cie-sp-public", "cie")]


def main() -> int:
    if shutil.which("xmlsec1") is None:
        print("xmlsec1 is missing, and the official tool signs with it: apt-get install xmlsec1", file=sys.stderr)
        return 1
    begun = monotonic()
    with tempfile.TemporaryDirectory(prefix="portale-spid-") as name:
        folder = Path(name)
        keys = new_pair(folder / "provider", "private.key", "public.cert")
        metadata = _tool(keys, "--idp-metadata").stdout.encode()
        with over_https(folder / "portal", keys, metadata) as place, ThreadPoolExecutor() as both:
            verdicts = list(both.map(lambda run: _run(place, *run), _RUNS))
            crashes = [
                line for line in place.log.read_text(encoding="utf-8").splitlines() if line.startswith("Traceback")
            ]
    for verdict in verdicts:
        print(verdict)
    if crashes:
        print(f"{len(crashes)} times the portal itself failed: look in its log")
    wrong = sum(len(verdict.wrong) for verdict in verdicts) + len(crashes)
    print(f"{'WRONG' if wrong else 'All as the rules want it'}, in {monotonic() - begun:.0f} s.")
    return 1 if wrong else 0


def _run(place: Place, profile: str, door: str) -> Verdict:
    report = place.folder / f"{door.replace('/', '-')}.json"
    done = _tool(
        place.provider_keys,
        "--metadata-url", f"{place.url}/accesso/{door.partition('/')[0]}/metadata/",
        "--authn-url", f"{place.url}#{door}", "--authn-plugin", "tests.conformance.spid.door.Door",
        "--profile", profile, "--extra", "--debug", "CRITICAL", "-tr", "-rf", "json", "-o", str(report),
    )  # fmt: skip
    if not report.exists():
        return Verdict(profile, wrong=[f"the tool made no report: {done.stderr[-2000:]}"])
    verdict = judged(profile, json.loads(report.read_text(encoding="utf-8")))
    verdict.profile = f"{profile}, {door}"
    return verdict


def _tool(keys: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool; it imports one module of the portal, door.py."""
    env = {**os.environ, "IDP_CERT_PATH": str(keys), "PYTHONPATH": str(Path.cwd())}
    interpreter = TOOL.with_name("python")
    return subprocess.run(
        [str(interpreter), "-W", "ignore", str(TOOL), *argv],
        env=env, capture_output=True, encoding="utf-8", timeout=LASTS_AT_MOST, check=False,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
