import pytest
from blocks import in_pieces, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.codecs import delimited, records
from starwatch.codecs.delimited import CsvDecoder
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting, UnknownColumn
from starwatch.ratings.scale import Scale


def read(data, size=1 << 20, scale="1..5", **options):
    decoder = CsvDecoder(InputOptions(**options), Scale.parse(scale), where="x.csv")
    return plain(in_pieces(decoder, data, size))


def test_four_columns_without_a_header():
    ratings, rejects, slots = read(b"A3R5,0000143502,5,1358380800\nAH3Q,013022183X,2,1216252800\n")
    assert ratings == [
        (0, "0000143502", "A3R5", 4, 1358380800000, None),
        (1, "013022183X", "AH3Q", 1, 1216252800000, None),
    ]
    assert rejects == []
    assert slots == 2


@pytest.mark.parametrize("header", ["userId,movieId,rating,timestamp", "USERID,MovieID,Stars,TS"])
def test_names_are_recognised_in_any_case(header):
    ratings, _, slots = read(header.encode() + b"\n1,31,2.5,1260759144\n", scale="0.5..5/0.5")
    assert ratings == [(0, "31", "1", 4, 1260759144000, None)]
    assert slots == 1


def test_other_columns_are_ignored_and_an_id_is_kept():
    data = b'review_id,text,asin,rating\nr1,"good, not ""great""\nreally",B1,4\nr2,,B2,5\n'
    assert read(data)[0] == [(0, "B1", "", 3, None, "r1"), (1, "B2", "", 4, None, "r2")]


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_delimiters_are_found(delimiter):
    data = "reviewer_id,asin,rating,time\nA,B,5,1\nC,D,4,2\n".replace(",", delimiter).encode()
    assert [r[1] for r in read(data)[0]] == ["B", "D"]
    assert read(data, delimiter=delimiter) == read(data)


def test_columns_by_name_and_by_number():
    data = b"sku,points,who\nB,5,A\n"
    columns = {"product": "SKU", "stars": "points", "reviewer": "who"}
    assert read(data, columns=columns)[0] == [(0, "B", "A", 4, None, None)]
    assert read(b"5,B\n4,C\n", columns={"stars": 0, "product": 1})[0] == [
        (0, "B", "", 4, None, None),
        (1, "C", "", 3, None, None),
    ]


def test_an_unknown_column_names_the_option_that_mends_it():
    with pytest.raises(UnknownColumn) as caught:
        read(b"userId,prodct,rating\nA,B,5\n")
    assert str(caught.value) == (
        "x.csv has no column for the product; its columns are userId, prodct, rating. "
        "Did you mean --column product=prodct?"
    )
    with pytest.raises(UnknownColumn, match="product=sku"):
        read(b"sku,rating\nB,5\n")
    with pytest.raises(UnknownColumn, match="--column product=1"):
        read(b"A,5\nB,4\n")
    with pytest.raises(UnknownColumn, match="--column product=0"):
        read(b"A,B,5,1\n", columns={"product": "sku"})
    with pytest.raises(BadSetting, match="one column cannot be both"):
        read(b"asin,rating\nB,5\n", columns={"product": "rating"})
    with pytest.raises(BadSetting, match="Did you mean product"):
        read(b"", columns={"prodct": "rating"})


def test_stars_are_exact_by_text():
    stars = ["5", "5.0", '"5"', " 5 ", "5e0", "4.99", "6", "five", "", "nan", "1_0", "0x5"]
    rows = "".join(f"A,B,{text},1\n" for text in stars)
    ratings, rejects, _ = read(rows.encode())
    assert [r[:4] for r in ratings] == [(i, "B", "A", 4) for i in range(5)]
    assert [reason for _, reason, _ in rejects] == [
        *("off_scale", "off_scale", "bad_stars", "missing_stars"),
        *("bad_stars", "bad_stars", "bad_stars"),
    ]


def test_every_reason_with_its_slot_and_raw_line():
    long = b"P" * 513
    data = b"".join(
        line + b"\r\n"
        for line in (
            *(b"A,B,5,1", b"-", b"A,,5,1", b"", b"A,B,,1", b"A,B,5,yesterday", b"A,B,5,1,2"),
            *(b"A,B,5", b"A,\xff,5,1", b"A," + long + b",5,1", b"A,B,5,", b"A,\xc3\xb1,5,1"),
        )
    )
    ratings, rejects, slots = read(data)
    assert slots == 11
    assert ratings == [
        (0, "B", "A", 4, 1000, None),
        (9, "B", "A", 4, None, None),
        (10, "ñ", "A", 4, 1000, None),
    ]
    assert rejects == [
        (2, "missing_product", b"A,,5,1"),
        (3, "missing_stars", b"A,B,,1"),
        (4, "bad_time", b"A,B,5,yesterday"),
        (5, "unreadable", b"A,B,5,1,2"),
        (6, "unreadable", b"A,B,5"),
        (7, "unreadable", b"A,\xff,5,1"),
        (8, "id_too_long", b"A," + long + b",5,1"),
    ]


def test_ids_are_kept_as_they_came():
    assert read(b'" a ",007, 5 ,1\n"x\n""y",B,5,2\n')[0] == [
        (0, "007", " a ", 4, 1000, None),
        (1, "B", 'x\n"y', 4, 2000, None),
    ]


def test_an_unterminated_quote_costs_its_own_line_only():
    rows = [b"A,B,5,%d\n" % i for i in range(1, 6)]
    rows[1] = b'A,"B,5,2\n'
    ratings, rejects, slots = read(b"".join(rows))
    assert [r[0] for r in ratings] == [0, 2, 3, 4]
    assert rejects == [(1, "unreadable", b'A,"B,5,2')]
    assert slots == 5


def test_text_behind_a_closing_quote_is_unreadable():
    assert read(b'A,"B"x,5,1\nA,B"x,5,1\n')[1] == [(0, "unreadable", b'A,"B"x,5,1')]
    assert read(b'A,"B"x,5,1\nA,B"x,5,1\n')[0][0][1] == 'B"x'


def test_a_line_without_end_costs_one_slot(monkeypatch):
    monkeypatch.setattr(records, "MAX_RECORD", 50)
    monkeypatch.setattr(delimited, "MAX_RECORD", 50)
    for filling in (b"x", b'"', b'x,"'):
        data = b"A,B,5,1\n" + filling * 500 + b"\nC,D,4,2\n"
        for size in (7, 1 << 20):
            ratings, rejects, slots = read(data, size)
            assert [r[1] for r in ratings] == ["B", "D"]
            assert [(at, reason) for at, reason, _ in rejects] == [(1, "unreadable")]
            assert slots == 3


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\r\n", b"userId,asin,rating\n"])
def test_nothing_in_nothing_out(data):
    assert read(data) == ([], [], 0)


def test_bom_and_missing_last_newline():
    assert read(b"\xef\xbb\xbfasin,rating\nB,5")[0] == [(0, "B", "", 4, None, None)]
    assert read(b"A,B,5,1\r\nA,C,4,2\r")[0][1][1] == "C"


def test_header_can_be_said():
    assert read(b"A,B,5,1\nA,C,4,2\n", header=False)[2] == 2
    with pytest.raises(UnknownColumn, match="--column product="):
        read(b"A,B,5,1\nA,C,4,2\n", header=True)


def test_a_pause_line_alone_takes_its_slots():
    assert read(b"-\nA,B,5,1\n-\n") == ([(1, "B", "A", 4, 1000, None)], [], 3)


_CELL = st.one_of(
    st.sampled_from(
        ["5", "4.0", "B1", "", "-", '"', '""', '"a"', '"a,b"', '"a\nb"', '"a""b"', "ñ"]
    ),
    st.sampled_from(
        ["1358380800", "1358380800123", "12.5", "2020-01-01", "0x10", "\r", " ", 'a"b']
    ),
    st.text('",\n\r-5a ', max_size=4),
)
_LINE = st.one_of(
    st.lists(_CELL, min_size=4, max_size=4).map(",".join),
    st.lists(_CELL, max_size=6).map(",".join),
    st.sampled_from(["-", "", "A,B,5,1358380800", 'A,"B,5,1', '"A","B","5","1"']),
)
_TEXT = st.lists(st.tuples(_LINE, st.sampled_from(["\n", "\r\n"])), max_size=12).map(
    lambda lines: "A,B,5,1\n" * 3 + "".join(map("".join, lines))
)


@settings(deadline=None)
@given(_TEXT, st.integers(1, 40))
def test_blocks_do_not_matter(text, size):
    options = {"header": False, "delimiter": ","}
    data = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "HEAD_BYTES", 24)
        assert read(data, size, **options) == read(data, **options)


@given(_TEXT, st.integers(1, 40))
def test_the_quick_and_the_exact_way_find_the_same_records(text, size):
    data = text.encode()

    def found(find):
        at, kept, rows = 0, data[:0], []
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        for number, piece in enumerate(pieces):
            kept += piece
            got = find(kept, b",", 4, last=number == len(pieces) - 1)
            rows += zip(got.starts + at, got.ends + at, got.kinds, strict=True)
            at, kept = at + got.consumed, kept[got.consumed :]
        return rows

    assert found(records.find_records) == found(records._exact)  # noqa: SLF001
    whole = records._exact(data, b",", 4, last=True)  # noqa: SLF001
    assert found(records._exact) == list(  # noqa: SLF001
        zip(whole.starts, whole.ends, whole.kinds, strict=True)
    )
