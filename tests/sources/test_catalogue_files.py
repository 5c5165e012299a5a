"""Catalogues as they come in files."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from starwatch.errors import BrokenInput, MissingInput, StarwatchError, UnknownColumn
from starwatch.generator.catalogue import make_catalogue
from starwatch.sources.catalogue_files import read_catalogue


@pytest.fixture
def csv(tmp_path):
    """Reads a catalogue of these bytes."""

    def read(data, **chosen):
        path = tmp_path / "c.csv"
        path.write_bytes(data)
        return rows(read_catalogue(str(path), chosen))

    return read


def rows(catalogue):
    return [tuple(row.values()) for row in catalogue.table().to_pylist()]


def test_usual_columns(csv):
    assert csv(b"asin,title,main_category\n0012,Lamp,Home\n0003,Book,\n") == [
        ("0003", "Book", ""),
        ("0012", "Lamp", "Home"),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfproduct;name\r\na;x\r\n\r\nb;y", [("a", "x", ""), ("b", "y", "")]),
        (b"genres\tmovieId\nDrama|War\t7\n", [("7", "", "Drama|War")]),
        (b'product,name\na,"x, ""y""\nz"\n', [("a", 'x, "y"\nz', "")]),
        (b"product,name\na,NULL\nb,\n", [("a", "NULL", ""), ("b", "", "")]),
        (b"product,name\na,first\n,nobody\na,second\n", [("a", "first", "")]),
        (b"product,name\na,caf\xe9\nb,caf\xc3\xa9\n", [("a", "caf�", ""), ("b", "café", "")]),
        (b"title,name,product,price\nno,yes,a,1\n", [("a", "yes", "")]),
        (b"\nproduct,name\n", []),
        (b"product,name", []),
    ],
)
def test_forms_of_csv(csv, data, expected):
    assert csv(data) == expected


def test_columns_of_other_names(csv):
    data = b"sku,label,title\n1,Lamp,Mr\n"
    assert csv(data, product="SKU", name="label") == [("1", "Lamp", "")]


def test_packed(tmp_path):
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(b"product,name\na,x\n"))
    assert rows(read_catalogue(str(path), {})) == [("a", "x", "")]


@pytest.mark.parametrize("name", ["c.parquet", "anything"])
def test_parquet_of_any_sensible_type(tmp_path, name):
    path = tmp_path / name
    columns = {
        "price": [1.5, 2.5],
        "title": pa.array(["two", None]).dictionary_encode(),
        "genres": [["Drama", "War"], None],
        "item_id": [2, 1],
    }
    pq.write_table(pa.table(columns), path)
    assert rows(read_catalogue(str(path), {})) == [("1", "", ""), ("2", "two", "Drama|War")]


@pytest.mark.parametrize(
    ("data", "chosen", "error", "line"),
    [
        (b"sku,name\n1,x\n", {}, UnknownColumn, ("no column for the product id; its columns are"
         " sku, name. Name it, as --catalogue-column product=NAME")),
        (b"asin,label\n1,x\n", {}, UnknownColumn, ("no column for the name or category; its columns"
         " are asin, label. Name it, as --catalogue-column name=NAME")),
        (b"asin,name\n1,x\n", {"category": "kind"}, UnknownColumn, ("no column 'kind' for the"
         " category; its columns are asin, name. Name it, as --catalogue-column category=NAME")),
        (b"asin,name\n1,x\n2,y\n3,Lamp, red\n", {}, BrokenInput, ("row 3 behind the header has 3"
         " columns, not 2: 3,Lamp, red. It is CSV, a name with commas in quotes, or Parquet")),
        (b"PAR1 but no more", {}, BrokenInput, "cannot be read"),
        (b"\n\n", {}, MissingInput, "is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_says_why(csv, data, chosen, error, line):
    with pytest.raises(error) as raised:
        csv(data, **chosen)
    assert line in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_file(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(StarwatchError, match="cannot be read"):
            read_catalogue(str(path), {})


def test_movielens(shared_data):
    movies = read_catalogue(str(shared_data / "movielens_small_movies.csv"), {})
    assert len(movies) == 9742
    assert movies.name_of()("1") == "Toy Story (1995)"
    assert movies.name_of()("11") == "American President, The (1995)"
    row = movies.ids.to_pylist().index("1")
    assert movies.categories[row].as_py() == "Adventure|Animation|Children|Comedy|Fantasy"


def test_what_generate_writes(tmp_path):
    made = make_catalogue(3, 5000)
    pq.write_table(made.table(), tmp_path / "c.parquet")
    assert read_catalogue(str(tmp_path / "c.parquet"), {}).table().equals(made.by_id().table())
