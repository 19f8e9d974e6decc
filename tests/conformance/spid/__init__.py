"""The official test tool of SPID and CIE (spid-sp-test) against the portal over https: `make test-spid`."""
