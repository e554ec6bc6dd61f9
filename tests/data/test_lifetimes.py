import pickle

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.errors import BadRow
from tests.conftest import shipped

DURATIONS, EVENTS = [33.0, 44.0, 52.0], [1, 0, 1]


def test_repr_counts_the_fleet():
    assert repr(shipped("hard_drives")) == "Lifetimes(52,422 units: 2,885 failed, 49,537 censored)"
    assert repr(shipped("integrated_circuits")) == "Lifetimes(4,156 units in 22 rows: 28 failed, 4,128 censored)"


def test_a_running_life_prints_with_a_plus():
    assert str(sj.Lifetimes(DURATIONS, EVENTS)) == "33, 44+, 52"


def test_input_is_copied_and_never_changed():
    durations = np.array(DURATIONS)
    life = sj.Lifetimes(durations)
    durations[0] = -1
    assert life.durations[0] == 33.0
    with pytest.raises(ValueError, match="read-only"):
        life.durations[0] = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        life.durations = durations


def test_rows_are_picked_as_scikit_learn_picks_them():
    life = sj.Lifetimes(DURATIONS, EVENTS, weights=[1, 2, 3])
    for rows in (slice(1, 3), [1, 2], np.array([False, True, True]), (np.array([1, 2]), ...)):
        assert life[rows].durations.tolist() == [44.0, 52.0]
        assert life[rows].weights.tolist() == [2.0, 3.0]
    assert str(life[1]) == "44+"
    assert str(life[-1]) == "52"
    assert len(life) == 3
    assert life.shape == (3,)
    with pytest.raises(IndexError):
        life[3]
    assert [str(one) for one in life] == ["33", "44+", "52"]


@pytest.mark.parametrize("rows", [None, True, np.ma.array([True, False, True], mask=[0, 0, 1])])
def test_what_picks_no_rows_is_refused(rows):
    # None gave "1 units: 3 failed, -2 running"
    with pytest.raises(IndexError, match="rows must be"):
        sj.Lifetimes(DURATIONS)[rows]


@pytest.mark.parametrize(
    "rows", [[0, 2], (2, 0), np.array([0, 2], np.uint8), [True, False, True], pd.Series([True, False, True]), [0, 0, 2]]
)
def test_rows_are_dropped_by_number_or_mask(rows):
    life = sj.Lifetimes(DURATIONS, EVENTS, weights=[1, 2, 3]).without(rows)
    assert str(life) == "44+"
    assert life.weights.tolist() == [2.0]


def test_rows_of_a_finding_can_be_dropped():
    life = shipped("hard_drives")
    (finding,) = life.checks()
    assert life.without(finding.rows).checks() == []
    assert len(life.without(finding.rows)) == len(life) - 5
    assert len(life.without(0)) == len(life) - 1
    assert len(life.without([])) == len(life)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([0, 3], IndexError, "there is no row 3 among the 3 rows"),
        (-1, IndexError, "there is no row -1"),
        ([True, False], ValueError, r"one entry for each of the 3 rows; it has shape \(2,\)"),
        ([0.0], TypeError, "row numbers or a mask; got float64"),
        ([[0]], TypeError, r"shape \(1, 1\)"),
        ("0", TypeError, "got str '0'"),
        (slice(2), TypeError, "got slice"),
        (np.ma.array([0, 1], mask=[0, 1]), ValueError, "row 1 is missing"),
    ],
)
def test_rows_that_cannot_be_dropped_are_refused(rows, error, message):
    with pytest.raises(error, match=message):
        sj.Lifetimes(DURATIONS).without(rows)


def test_running_and_failed_split_the_fleet():
    life = sj.Lifetimes(DURATIONS, EVENTS, entry=[0, 1, 2])
    assert life.running().durations.tolist() == [44.0]
    assert life.failed().entry.tolist() == [0.0, 2.0]


def test_pickle_keeps_every_column():
    life = pickle.loads(pickle.dumps(sj.Lifetimes(DURATIONS, EVENTS, entry=[0, 1, 2], weights=[1, 2, 3])))
    assert life.entry.tolist() == [0.0, 1.0, 2.0]
    assert not life.durations.flags.writeable


def test_checks_find_the_five_impossible_ages_of_the_drives():
    (finding,) = shipped("hard_drives").checks()
    assert finding.rows == (49036, 52352, 52357, 52395, 52397)
    assert "3602.71" in str(finding)


def test_checks_say_nothing_of_clean_data_and_name_coarse_rounding():
    clean = np.random.default_rng(1).weibull(2.0, 200)
    assert sj.Lifetimes(clean).checks() == []
    (finding,) = sj.Lifetimes(np.ceil(5 * clean)).checks()
    assert "coarsely rounded" in str(finding)


def test_an_error_about_rows_carries_them_all_and_survives_pickling():
    with pytest.raises(BadRow, match="entry must be less than duration; row 1 has entry=6") as caught:
        sj.Lifetimes([9, 5, 7, 3], entry=[0, 6, 0, 3])
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error) == str(caught.value)
    assert (error.columns, error.rows, error.expected) == (("entry", "durations"), (1, 3), "less than the duration")


# ---- intervals

ANY_KIND = {
    "lower": [33.0, 44.0, 10.0, 0.0, 5.0],
    "upper": [33.0, np.inf, 20.0, 15.0, 9.0],
    "entry": [0.0, 1.0, 2.0, 3.0, 5.0],
    "right_truncation": [np.inf, np.inf, 30.0, np.inf, 9.0],
    "weights": [1.0, 2.0, 3.0, 1.0, 1.0],
    "cause": ["seal", None, "bearing", "seal", None],
    "observed_until": [60.0, 44.0, 40.0, 40.0, 9.0],
}


def any_kind() -> sj.Lifetimes:
    return sj.Lifetimes.from_intervals(**ANY_KIND)


def test_rows_of_every_kind_stand_in_one_lifetimes():
    life = any_kind()
    assert life.event_observed.tolist() == [True, False, False, False, False]
    assert (life.n_units, life.n_failed, life.n_exact, life.n_running) == (8.0, 6.0, 1.0, 2.0)
    assert life.lower.tolist() == [33.0, 44.0, 10.0, 3.0, 5.0]  # failed at 15 at the latest, seen from 3: between the two
    assert life.upper.tolist() == ANY_KIND["upper"]
    assert life.cause.tolist() == ANY_KIND["cause"]
    assert not life.is_plain()


def test_intervals_that_are_points_or_endless_are_plain_lifetimes():
    plain = sj.Lifetimes(DURATIONS, EVENTS, entry=[0, 1, 2], weights=[1, 2, 3])
    life = sj.Lifetimes.from_intervals(DURATIONS, [33.0, np.inf, 52.0], entry=[0, 1, 2], weights=[1, 2, 3])
    assert life.is_plain()
    assert life.to_frame().equals(plain.to_frame())


def test_an_upper_end_beyond_right_truncation_is_read_as_it():
    life = sj.Lifetimes.from_intervals([1.0, 2.0, 3.0], [np.inf, 9.0, 3.0], right_truncation=[5.0, 5.0, 3.0])
    assert life.upper.tolist() == [5.0, 5.0, 3.0]
    assert life.n_running == 0


def test_right_truncation_that_is_nowhere_finite_is_none():
    life = sj.Lifetimes.from_intervals([1.0, 2.0], [1.0, np.inf], right_truncation=[np.inf, np.inf])
    assert life.right_truncation is None
    assert life.is_plain()


def test_left_censored_rows_begin_at_zero_at_minus_infinity_or_at_entry():
    life = sj.Lifetimes.from_intervals([0.0, -np.inf, 0.0, -np.inf], [9.0] * 4, entry=[0.0, -20.0, 4.0, 4.0])
    assert life.lower.tolist() == [0.0, -20.0, 4.0, 4.0]
    assert np.isneginf(sj.Lifetimes.from_intervals([-np.inf], [9.0]).lower[0])


def test_an_entry_at_minus_infinity_is_none():
    life = sj.Lifetimes.from_intervals([-3.0, -np.inf, 4.0], [-3.0, 2.0, np.inf], entry=[-np.inf, -np.inf, 1.0])
    assert life.lower.tolist() == [-3.0, -np.inf, 4.0]
    assert repr(life) == "Lifetimes(3 units: 2 failed (1 within an interval), 1 censored; 1 entered late)"
    assert sj.Lifetimes.from_intervals(**life.to_frame()).entry.tolist() == life.entry.tolist()
    assert sj.Lifetimes([3.0, -4.0], entry=[-np.inf, -np.inf]).entry is None


def test_late_is_after_age_0_or_at_any_age_where_some_are_negative():
    assert sj.Lifetimes([3.0, 4.0, 5.0], entry=[0.0, -np.inf, 2.0]).entered_late().tolist() == [False, False, True]
    assert sj.Lifetimes([-3.0, 4.0, 5.0], entry=[-np.inf, 0.0, -9.0]).entered_late().tolist() == [False, True, True]
    assert not sj.Lifetimes([3.0]).entered_late().any()


def test_one_number_for_observed_until_holds_for_all():
    assert sj.Lifetimes.from_intervals([1.0, 2.0], [1.0, np.inf], observed_until=7).observed_until.tolist() == [7.0, 7.0]


def test_one_number_for_entry_or_right_truncation_holds_for_all():
    life = sj.Lifetimes.from_intervals([1.0, 2.0], [1.0, 2.0], entry=0.5, right_truncation=np.float32(9.0))
    assert (life.entry.tolist(), life.right_truncation.tolist()) == ([0.5, 0.5], [9.0, 9.0])
    assert sj.Lifetimes([1.0, 2.0], entry=0.5).entry.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match=r"entry must be less than duration; row 0 has entry=1\.5"):
        sj.Lifetimes([1.0, 2.0], entry=1.5)
    with pytest.raises(TypeError, match="entry must be numbers"):
        sj.Lifetimes([1.0, 2.0], entry=True)
    with pytest.raises(ValueError, match="weights must be one-dimensional"):
        sj.Lifetimes([1.0, 2.0], weights=2)


BAD_INTERVALS = {
    "reversed": ({"lower": [1, 3], "upper": [2, 2]}, r"lower must be at most upper; row 1 has lower=3, upper=2 .*upper=inf"),
    "both infinite": ({"lower": [-np.inf], "upper": [np.inf]}, r"row 0 has lower=-inf, upper=inf .*says nothing; remove it"),
    "lower infinite": ({"lower": [np.inf], "upper": [np.inf]}, r"lower must be finite numbers or -inf; row 0"),
    "upper minus infinite": ({"lower": [-np.inf], "upper": [-np.inf]}, r"upper must be finite numbers or inf; row 0"),
    "nan": ({"lower": [0, 1], "upper": [1, np.nan]}, r"row 1 has upper=nan .*Use inf for a unit that still runs"),
    "entry above lower": ({"lower": [2], "upper": [5], "entry": [3]}, r"lower must be 0 or at least entry; row 0 has lower=2, entry=3"),
    "entry above a negative lower": (
        {"lower": [-9, -3], "upper": [5, 5], "entry": [-np.inf, 1]},
        r"lower must be 0 or at least entry; row 1 has lower=-3, entry=1 .*-inf where ages may be negative",
    ),
    "entry at plus infinity": ({"lower": [2], "upper": [5], "entry": [np.inf]}, r"entry must be finite numbers or -inf; row 0"),
    "entry at failure": ({"lower": [3], "upper": [3], "entry": [3]}, r"entry must be less than upper; row 0 has entry=3, upper=3"),
    "entry after upper": ({"lower": [0], "upper": [3], "entry": [4]}, r"entry must be less than upper; row 0 has entry=4, upper=3"),
    "truncated at lower": (
        {"lower": [1, 3], "upper": [2, np.inf], "right_truncation": [2, 3]},
        r"right_truncation must be more than lower; row 1 has right_truncation=3, lower=3 .*right_truncation=inf",
    ),
    "truncated before an exact age": (
        {"lower": [3], "upper": [3], "right_truncation": [2.5]},
        r"row 0 has right_truncation=2\.5, lower=3",
    ),
    "truncated before entry": (
        {"lower": [0], "upper": [9], "entry": [5], "right_truncation": [5]},
        r"right_truncation must be more than lower",
    ),
    "negative weight": ({"lower": [1], "upper": [2], "weights": [-1]}, r"weights must be 0 or more; row 0"),
    "lengths": ({"lower": [1, 2], "upper": [2]}, r"upper has 1 rows and lower 2"),
    "empty": ({"lower": [], "upper": []}, r"lower is empty"),
    "causes of another length": ({"lower": [1, 2], "upper": [1, 2], "cause": ["a"]}, r"cause has 1 rows and lower 2"),
    "indexes": ({"lower": pd.Series([1.0]), "upper": pd.Series([1.0], index=[4])}, r"different indexes"),
}


@pytest.mark.parametrize("case", BAD_INTERVALS)
def test_a_bad_interval_names_row_and_remedy(case):
    columns, message = BAD_INTERVALS[case]
    with pytest.raises(ValueError, match=message):
        sj.Lifetimes.from_intervals(**columns)


def test_an_error_about_an_interval_carries_all_its_rows():
    with pytest.raises(BadRow) as caught:
        sj.Lifetimes.from_intervals([1, 3, 0, 9], [2, 2, 4, 8])
    assert (caught.value.columns, caught.value.rows) == (("lower", "upper"), (1, 3))


def test_rows_of_every_kind_are_counted_and_written_as_the_field_does():
    assert repr(any_kind()) == (
        "Lifetimes(8 units in 5 rows: 6 failed (5 within an interval), 2 running; 4 entered late; 2 truncated on the right; "
        "causes: bearing 3, seal 2, unknown 1)"
    )
    assert str(any_kind()) == "33, 44+, (10, 20], (3, 15], (5, 9]"
    assert str(sj.Lifetimes.from_intervals([-np.inf], [9.0])) == "(-inf, 9]"


def test_of_many_causes_the_most_frequent_are_told():
    many = sj.Lifetimes(np.arange(1.0, 11.0), cause=list("aabcdefghi"))
    assert repr(many) == "Lifetimes(10 units: 10 failed, 0 censored; causes: a 2, b 1, c 1, d 1, 5 others 5)"
    mixed = sj.Lifetimes([1, 2, 3, 4], [1, 1, 1, 0], cause=[3, "x", (1, 2), None])  # labels that have no order among themselves
    assert repr(mixed) == "Lifetimes(4 units: 3 failed, 1 censored; causes: 3 1, x 1, (1, 2) 1)"


def test_pickles_and_slices_keep_intervals():
    frame = any_kind().to_frame()
    assert pickle.loads(pickle.dumps(any_kind())).to_frame().equals(frame)
    assert any_kind()[[0, 2]].to_frame().equals(frame.iloc[[0, 2]].reset_index(drop=True))
    assert str(any_kind()[3]) == "(3, 15]"
    assert str(any_kind().failed()) == "33, (10, 20], (3, 15], (5, 9]"
    assert str(any_kind().running()) == "44+"
    assert len(any_kind()[:0]) == 0


def test_the_middle_of_an_interval_stands_for_it():
    middle = any_kind().in_the_middle()
    assert str(middle) == "33, 44+, 15, 9, 7"
    assert middle.is_plain()
    assert middle.entry.tolist() == ANY_KIND["entry"]
    assert str(sj.Lifetimes.from_intervals([-np.inf], [9.0]).in_the_middle()) == "9"


def test_another_unit_of_time_scales_every_age_and_nothing_else():
    life, scaled = any_kind().to_frame(), any_kind().in_unit(2.0).to_frame()
    for name in ("lower", "upper", "entry", "right_truncation", "observed_until"):
        assert (2.0 * scaled[name]).equals(life[name])
    assert scaled[["weights", "cause"]].equals(life[["weights", "cause"]])


# ---- to a frame, and equal rows together


def test_a_frame_gives_the_same_lifetimes_again():
    for life in (any_kind(), shipped("power_transformers"), sj.Lifetimes(DURATIONS, EVENTS)):
        again = sj.Lifetimes.from_intervals(**life.to_frame())
        assert again.to_frame().equals(life.to_frame())
    assert list(sj.Lifetimes(DURATIONS).to_frame().columns) == ["lower", "upper"]


def test_equal_rows_become_counts_and_every_column_tells_them_apart():
    another = {"upper": 21.0, "lower": 11.0, "entry": 2.5, "right_truncation": 31.0, "cause": None, "observed_until": 41.0}
    twice = sj.Lifetimes.from_intervals(**{name: [*column, *column] for name, column in ANY_KIND.items()})
    again = twice.collapse()
    assert again.to_frame().drop(columns="weights").equals(any_kind().to_frame().drop(columns="weights"))
    assert again.weights.tolist() == [2.0, 4.0, 6.0, 2.0, 2.0]
    for name in ("lower", "upper", "entry", "right_truncation", "cause", "observed_until"):
        other = {key: list(column) for key, column in ANY_KIND.items()}
        other[name][2] = another[name]
        mixed = sj.Lifetimes.from_intervals(**{key: [*column, *other[key]] for key, column in ANY_KIND.items()})
        assert len(mixed.collapse()) == 6, name


def test_collapsed_lifetimes_have_the_same_likelihood():
    life = shipped("hard_drives")
    fewer = life.collapse()
    assert len(fewer) == 10_813
    assert (fewer.n_units, fewer.n_failed, fewer.n_running) == (life.n_units, life.n_failed, life.n_running)
    model = sj.Weibull(shape=1.3, scale=9000.0)
    # two sums of the same 52,422 terms in another order
    np.testing.assert_allclose(model.log_likelihood(fewer), model.log_likelihood(life), rtol=1e-12)
    assert len(fewer.collapse()) == len(fewer)
    assert len(life[:0].collapse()) == 0


def test_a_notebook_shows_a_small_table():
    html = any_kind()._repr_html_()
    for cell in (
        "<tr><th>failed at a known age</th><td>1</td><td>33</td></tr>",
        "<tr><th>failed within an interval</th><td>5</td><td>3 to 20</td></tr>",
        "<tr><th>running</th><td>2</td><td>44</td></tr>",
        "<tr><th>entered late</th><td>7</td><td>1 to 5</td></tr>",
        "<tr><th>truncated on the right</th><td>4</td><td>9 to 30</td></tr>",
    ):
        assert cell in html
    assert "within" not in sj.Lifetimes(DURATIONS, EVENTS)._repr_html_()
    assert sj.Lifetimes(DURATIONS)[:0]._repr_html_().count("<tr>") == 1


def test_a_cause_with_signs_of_html_is_shown_as_it_is_written():
    life = sj.Lifetimes([1.0, 2.0], cause=["<b>wear & tear", "seal"])
    assert "causes: &lt;b&gt;wear &amp; tear 1, seal 1" in life._repr_html_()
    assert "causes: <b>wear & tear 1, seal 1" in repr(life)


def test_negative_ages_deserve_a_look():
    findings = sj.Lifetimes([1.0, 2.0, -3.0], [1, 0, 1]).checks()
    assert any("1 of 3 ages are negative, the first in row 2 (-3)" in str(finding) for finding in findings)


def test_lifetimes_are_no_array_of_numbers():
    # was an array of arrays of arrays, 64 deep
    with pytest.raises(TypeError, match=r"Lifetimes are no numbers, since units may still run"):
        np.asarray(sj.Lifetimes([3.0, 5.0]))
