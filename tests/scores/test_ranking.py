import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starwatch.ratings.scale import Scale
from starwatch.scores.posterior import posterior_means, star_shares
from starwatch.scores.ranking import fitted_weight, ranks


def test_the_weight_by_hand():
    # Three times both ratings the same, once one of each: the likelihood is
    # (A + 2)^3 · A / (A + 1)^4, which is largest at A = 1.
    stars = np.array([[2, 0], [2, 0], [0, 2], [1, 1]])
    assert fitted_weight(stars, np.array([0.5, 0.5])) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("truth", [1.5, 18.5, 200.0])
def test_the_weight_of_a_made_up_catalogue_is_found_again(truth):
    rng = np.random.default_rng(11)
    shares = np.array([0.146, 0.067, 0.088, 0.188, 0.511])
    counts = rng.geometric(0.02, 20_000)
    stars = rng.multinomial(counts, rng.dirichlet(truth * shares, 20_000))
    assert fitted_weight(stars, shares) == pytest.approx(truth, rel=0.1)


def test_products_that_do_not_differ_get_the_largest_weight():
    stars = np.full((50, 5), 20)
    assert fitted_weight(stars, np.full(5, 0.2)) == pytest.approx(1e6, rel=1e-6)


def test_products_with_nothing_in_common_get_a_small_weight():
    weight = fitted_weight(np.eye(5, dtype=np.int64) * 10**9, np.full(5, 0.2))
    assert 0.1 <= weight < 0.2


@pytest.mark.parametrize(
    "stars", [np.zeros((0, 5), int), np.zeros((4, 5), int), np.eye(5, dtype=int)]
)
def test_where_nothing_tells_how_products_differ_the_weight_is_ten(stars):
    assert fitted_weight(stars, star_shares(stars)) == 10


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(0, 10**9), min_size=3, max_size=3), min_size=1, max_size=20),
    seed=st.integers(0, 99),
)
def test_the_order_of_the_products_does_not_matter(rows, seed):
    stars = np.array(rows)
    shuffled = stars[np.random.default_rng(seed).permutation(len(stars))]
    shares = star_shares(stars)
    assert fitted_weight(stars, shares) == pytest.approx(fitted_weight(shuffled, shares), rel=1e-6)


def test_a_hundred_good_ratings_rank_above_one_perfect_rating():
    stars = np.array([[0, 0, 0, 0, 1], [0, 0, 2, 18, 80], [30, 0, 0, 0, 0]])
    scores = posterior_means(stars, np.array([0.1, 0.05, 0.1, 0.2, 0.55]), Scale(), weight=18.5)
    assert ranks(scores, stars.sum(axis=1), np.arange(3)).tolist() == [2, 1, 3]


def test_equal_scores_go_by_count_then_by_id():
    scores = np.array([4.0, 4.0, 4.0, 4.5])
    counts = np.array([7, 9, 7, 1])
    by_id = np.array([1, 2, 0, 3])
    assert ranks(scores, counts, by_id).tolist() == [4, 2, 3, 1]


def test_equal_histograms_have_equal_scores():
    stars = np.tile([3, 1, 4, 1, 59], (1000, 1))
    scores = posterior_means(stars, np.array([0.11, 0.07, 0.13, 0.2, 0.49]), Scale(), weight=17.3)
    assert len(set(scores.tolist())) == 1
