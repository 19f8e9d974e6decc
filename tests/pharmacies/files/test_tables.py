"""CSV files with a header: order of columns, delimiters, quotes, encodings, broken rows, a file that is cut."""

import io

import pytest

from pharmacies.files.cells import BrokenRow
from pharmacies.files.tables import MissingColumns, Table

COLUMNS = {"code": ("cod_farmacia", "codice"), "secret": ("password",), "note": ("note",)}


def read(content: bytes):
    table = Table(io.BytesIO(content), COLUMNS, optional=("note",), verbatim=("secret",))
    return table, list(table)


@pytest.mark.parametrize(
    "content",
    [
        b"cod_farmacia;password\n92;a b\n",
        b"PASSWORD,altro,Cod Farmacia\na b,x,92\n",
        b"\xef\xbb\xbfcodice\tpassword\r\n92\ta b\r\n",
        "cod_farmacia;password\r\n92;a b\r\n".encode("utf-16"),
        b"cod_farmacia;password\r92;a b\r",
        b'"cod_farmacia";"password"\n"92";"a b"\n',
    ],
)
def test_columns_are_found_by_name_in_any_order_delimiter_and_encoding(content):
    table, rows = read(content)
    assert rows == [(2, {"code": "92", "secret": "a b", "note": ""})]
    assert table.flaw == ""


def test_a_cell_in_quotes_may_hold_the_delimiter_and_a_verbatim_cell_keeps_its_spaces_and_dashes():
    _, rows = read(b'cod_farmacia;password;note\n 92 ;"-;"" x  ";-\n')
    assert rows == [(2, {"code": "92", "secret": '-;" x  ', "note": ""})]


def test_a_broken_row_is_named_and_the_others_are_read():
    table, rows = read(b'cod_farmacia;password\n1;a;b\n2;"a\n3;c\n')
    assert [number for number, _ in rows] == [2, 3, 4]
    assert isinstance(rows[0][1], BrokenRow)
    assert "3 fields instead of 2" in str(rows[0][1])
    assert isinstance(rows[1][1], BrokenRow)
    assert rows[2][1]["secret"] == "c"
    assert table.flaw == ""


def test_a_file_that_stops_in_its_last_row_says_so():
    table, rows = read(b"cod_farmacia;password\n1;a\n2;b")
    assert len(rows) == 2
    assert table.flaw == "no_row_end"


@pytest.mark.parametrize("content", [b"", b"\n", b"altro;password\n1;2\n", b"%PDF-1.7\n"])
def test_another_file_is_refused_with_the_columns_that_it_lacks(content):
    with pytest.raises(MissingColumns, match="cod_farmacia"):
        read(content)
