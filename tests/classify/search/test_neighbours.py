import numpy as np
import pytest

from auricle.classify.search.active_learning import informative, typical, uncertainty
from auricle.classify.search.neighbours import WhitenedSpace, nearest
from auricle.classify.search.outliers import doubtful_labels, near_duplicates, neighbours_of_each, outliers


def clouds(count: int, *, clusters: int = 4, spread: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of length 1 around a few centres, and the number of each one's cluster."""
    random = np.random.default_rng(seed)
    centres = np.eye(clusters, 8)
    home = np.arange(count) % clusters
    points = centres[home] + spread * random.standard_normal((count, 8))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32), home


def test_exact_neighbours_are_those_with_the_largest_cosines():
    points, _ = clouds(700)
    near = nearest(points, points[:5], 7)
    cosines = points[:5] @ points.T
    assert np.allclose(near.cosines, -np.sort(-cosines, axis=1)[:, :7], atol=1e-6)
    assert near.rows[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(near.cosines, np.take_along_axis(cosines, near.rows, axis=1))


def test_all_points_can_be_asked_for():
    points, _ = clouds(5)
    assert sorted(nearest(points, points[:1], 5).rows[0].tolist()) == [0, 1, 2, 3, 4]


def test_a_space_brings_close_what_differs_in_noise_only():
    """A feature with a hundred times the scale of the others must not decide."""
    random = np.random.default_rng(0)
    home = np.arange(80) % 4
    values = np.eye(4)[home] @ random.standard_normal((4, 30)) + 0.2 * random.standard_normal((80, 30))
    values[:, 0] = 100 * random.standard_normal(80)
    space = WhitenedSpace.fit(values.astype(np.float32))
    points = space(values.astype(np.float32))
    assert np.allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)
    near = nearest(points, points, 6).rows[:, 1:]
    assert (home[near] == home[:, None]).mean() > 0.9


@pytest.mark.parametrize("values", [np.ones((1, 5)), np.ones((4, 5)), np.zeros((3, 5))])
def test_sounds_that_do_not_differ_give_finite_points(values: np.ndarray):
    space = WhitenedSpace.fit(values.astype(np.float32))
    assert np.isfinite(space(values.astype(np.float32))).all()


@pytest.mark.filterwarnings("error")
def test_one_sound_has_a_likeness():
    values = np.random.default_rng(0).standard_normal((1, 5)).astype(np.float32)
    space = WhitenedSpace.fit(values)
    found = nearest(space(values), space(np.concatenate((values, -values, 3 * values))), 1)
    assert found.rows.ravel().tolist() == [0, 0, 0]
    np.testing.assert_allclose(found.cosines.ravel(), [1, -1, 1], atol=1e-6)


def test_outliers_are_what_lies_apart():
    points, _ = clouds(200, spread=0.1)
    points[7] = np.eye(8)[6]
    points[91] = -np.eye(8)[7]
    neighbours = neighbours_of_each(points)
    rows = outliers(neighbours, limit=10)
    assert {outlier.row for outlier in rows} == {7, 91}
    assert all(outlier.deviations > 3.5 for outlier in rows)
    assert len(outliers(neighbours, limit=1)) == 1


def test_near_duplicates_are_joined_into_groups():
    points, _ = clouds(60, spread=0.3)
    for copy, original in ((10, 3), (20, 3), (31, 40)):
        moved = points[original] + 0.01 * np.eye(8)[0]
        points[copy] = moved / np.linalg.norm(moved)
    assert near_duplicates(neighbours_of_each(points)) == ((3, 10, 20), (31, 40))


def test_a_label_is_doubtful_where_all_neighbours_disagree():
    points, home = clouds(80, spread=0.1)
    labels: list[str | None] = [f"class {number}" for number in home]
    labels[12] = "class 3"
    labels[13] = None
    (doubtful,) = doubtful_labels(points, labels, limit=10)
    assert (doubtful.row, doubtful.label, doubtful.neighbours) == (12, "class 3", "class 0")
    assert doubtful_labels(points, [None] * 80, limit=10) == ()


def test_typical_points_come_from_every_cluster_without_a_label():
    points, home = clouds(120, spread=0.15)
    first = typical(points, np.array([], np.int64), 4)
    assert sorted(home[first].tolist()) == [0, 1, 2, 3]
    centres = np.eye(4, 8)[home]
    gaps = np.linalg.norm(points - centres, axis=1)
    assert gaps[first].mean() < np.median(gaps)
    labelled_rows = np.flatnonzero(home != 2)[:30]
    assert 2 in home[typical(points, labelled_rows, 1)].tolist()


def test_informative_points_are_uncertain_and_differ():
    points, home = clouds(120, spread=0.15)
    doubt = np.where((home == 1) | (home == 3), 0.9, 0.01)
    labelled_rows = np.arange(8)
    rows = informative(points, doubt, labelled_rows, 2)
    assert sorted(home[rows].tolist()) == [1, 3]
    assert not set(rows) & set(labelled_rows.tolist())


@pytest.mark.parametrize("known", [np.array([], np.int64), np.arange(7), np.arange(9)])
def test_no_more_is_proposed_than_there_is(known: np.ndarray):
    points, _ = clouds(9)
    unlabelled_rows = set(range(9)) - set(known.tolist())
    assert set(typical(points, known, 20)) == unlabelled_rows
    assert set(informative(points, np.ones(9), known, 20)) == unlabelled_rows


def test_uncertainty_is_one_minus_the_margin():
    assert np.allclose(uncertainty(np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.2, 0.5, 0.3]])), [0.0, 1.0, 0.8])
