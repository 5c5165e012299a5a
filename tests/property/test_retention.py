"""What goes, and in which order, against the rules written down plainly."""

from hypothesis import given
from hypothesis import strategies as st

from starwatch.journal.retention import Kind, Lot, Pruning, Retention, due

NOW = 1_000
SIZES = st.integers(0, 50)
MADE = st.integers(0, NOW)


@st.composite
def states(draw):
    """Ranges of ratings one behind the other, other ratings, and panes, all mixed up."""
    lots, first = [], draw(st.integers(0, 5))
    for size, made, count in draw(st.lists(st.tuples(SIZES, MADE, st.integers(1, 9)), max_size=8)):
        files = (f"r{first}", f"r{first}b")
        lots.append(Lot(Kind.RATINGS, made, files, size, count, (first, count)))
        first += count
    kinds = st.tuples(st.sampled_from(Kind), SIZES, MADE)
    for number, (kind, size, made) in enumerate(draw(st.lists(kinds, max_size=9))):
        lots.append(Lot(kind, made, (f"x{number}",), size))
    return draw(st.permutations(lots))


retentions = st.builds(
    Retention,
    keep_ms=st.none() | st.integers(0, NOW),
    keep_bytes=st.none() | st.integers(0, 400),
)


def age_of(lot, lots):
    """When a lot was made; a range no later than any that came behind it."""
    behind = [o.made_ms for o in lots if o.ratings and lot.ratings and o.ratings >= lot.ratings]
    return min([lot.made_ms, *behind])


def too_old(lot, lots, retention):
    if lot.kind is Kind.LONG_PANES or retention.keep_ms is None:
        return False
    return age_of(lot, lots) < NOW - retention.keep_ms


@given(states(), retentions)
def test_what_goes_is_too_old_or_too_much_and_no_more(lots, retention):
    gone = [next(o for o in lots if o.files == lot.files) for lot in due(lots, retention, NOW)]
    assert len({lot.files for lot in gone}) == len(gone)
    stay = [lot for lot in lots if lot not in gone]
    assert not any(too_old(lot, lots, retention) for lot in stay)
    too_much = [lot for lot in gone if not too_old(lot, lots, retention)]
    if retention.keep_bytes is None:
        assert not too_much
        return
    left = sum(lot.size for lot in stay)
    assert left <= retention.keep_bytes or not stay
    if too_much:
        assert left + too_much[-1].size > retention.keep_bytes
        last = max((lot.kind, age_of(lot, lots)) for lot in too_much)
        assert all(last <= (lot.kind, age_of(lot, lots)) for lot in stay)


@given(states(), retentions)
def test_ratings_that_stay_have_no_gap(lots, retention):
    pruning = Pruning.of(due(lots, retention, NOW))
    ranges = sorted((lot for lot in lots if lot.ratings), key=lambda lot: lot.ratings)
    stay = [lot for lot in ranges if lot.files[0] not in pruning.ratings]
    assert stay == ranges[len(ranges) - len(stay) :]
    gone = ranges[: len(ranges) - len(stay)]
    assert pruning.first_kept == (sum(gone[-1].ratings) if gone else None)
    for lot in gone:
        assert set(lot.files) <= set(pruning.ratings)


@given(states(), retentions)
def test_everything_that_goes_is_named_once(lots, retention):
    pruning = Pruning.of(due(lots, retention, NOW))
    names = [*pruning.ratings, *pruning.panes]
    assert len(set(names)) == len(names)
    gone = [lot for lot in lots if lot.files[0] in names]
    assert sum(lot.size for lot in gone) == pruning.size
    assert {lot.kind for lot in gone if lot.files[0] in pruning.panes} <= {
        Kind.SHORT_PANES,
        Kind.LONG_PANES,
    }
    assert pruning.number == sum(lot.number for lot in gone)
    assert bool(pruning) == bool(gone)
