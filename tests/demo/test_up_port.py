"""`manage.py up --port`: refuses an invalid port before it starts anything."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("port", ["0", "70000", "ottomila", "-1", "", "80 80", "9" * 5000])
def test_what_is_no_port_is_told_in_a_sentence(port):
    with pytest.raises(CommandError, match="La porta deve essere un numero da 1 a 65535"):
        call_command("up", port=port)
