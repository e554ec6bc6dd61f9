"""Lifetimes from tables of shipments and returns by month."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj

SHIPPED = [100, 120, 80]
RETURNED = [[1, 2, 0], [None, 0, 3], [np.nan, "", 4]]


def table(rows=("2024-01", "2024-02", "2024-03"), columns=("2024-01", "2024-02", "2024-03")) -> pd.DataFrame:
    return pd.DataFrame(RETURNED, index=rows, columns=columns).assign(shipped=SHIPPED)[["shipped", *columns]]


def test_a_return_is_known_within_two_months_and_the_rest_are_half_a_month_older_than_they_must_be():
    frame = sj.Lifetimes.from_nevada(SHIPPED, RETURNED).to_frame()
    expected = pd.DataFrame(
        [[0, 1, 1], [0, 2, 2], [0, 2, 3], [0, 1, 4], [2.5, np.inf, 97], [1.5, np.inf, 117], [0.5, np.inf, 76]],
        columns=["lower", "upper", "weights"],
        dtype=float,
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_ages_of_every_kind_of_month_lie_within_their_interval():
    # a unit shipped at any time of month i and returned at any time of month j is of an age between j - i - 1 and j - i + 1
    random = np.random.default_rng(5)
    shipped_at, age = random.uniform(0, 12, 1000), random.uniform(0, 12, 1000)
    month = np.floor([shipped_at, shipped_at + age]).astype(int)
    for i, j, true in zip(*month, age, strict=True):
        cells = [[1.0 if column == j - i else 0.0 for column in range(24)]]
        life = sj.Lifetimes.from_nevada([1], cells)
        assert life.lower[0] < true <= life.upper[0]
        assert life.upper[0] - life.lower[0] == (2 if j > i else 1)


def test_the_midpoint_is_the_middle_of_what_is_known():
    life = sj.Lifetimes.from_nevada(SHIPPED, RETURNED, midpoint=True)
    assert str(life) == "0.5, 1, 1, 0.5, 2.5+, 1.5+, 0.5+"
    assert life.is_plain()


def test_months_on_the_way_to_service_are_taken_off():
    life = sj.Lifetimes.from_nevada([100], [[0, 0, 1, 2, 0]], lag=1.5)
    assert str(life) == "(0, 1.5], (0.5, 2.5], 3+"
    assert str(sj.Lifetimes.from_nevada([100, 5], [[0, 0, 0, 2], [None, 0, 0, 0]], lag=2.5, midpoint=True)) == "0.75, 1+, 0.25+"
    assert str(sj.Lifetimes.from_nevada([100], [[0, 0]], lag=4)) == "0+"


@pytest.mark.parametrize(
    "frame",
    [
        table(),
        table(pd.period_range("2024-01", periods=3, freq="M"), pd.period_range("2024-01", periods=3, freq="M")),
        table(pd.date_range("2024-01-31", periods=3, freq="ME"), ("2024-01", "2024-02", "2024-03")),
        table(("Jan", "Feb", "Mar"), ("Jan", "Feb", "Mar")),
    ],
    ids=["text", "periods", "dates", "names"],
)
def test_labels_of_the_table_say_which_month_it_is(frame):
    expected = sj.Lifetimes.from_nevada(SHIPPED, RETURNED).to_frame()
    assert sj.Lifetimes.from_nevada(frame).to_frame().equals(expected)
    assert sj.Lifetimes.from_nevada(frame["shipped"], frame.iloc[:, 1:]).to_frame().equals(expected)


@pytest.mark.parametrize(("rows", "columns"), [(["2024-01", "2024-02"], ["2024-02", "2024-03"]), (["Jan", "Feb"], ["Feb", "Mar"])])
def test_columns_may_begin_a_month_after_the_first_shipment(rows, columns):
    frame = pd.DataFrame([[100, 3, 5], [120, 0, 4]], index=rows, columns=["shipped", *columns])
    expected = "(0, 2], (1, 3], (0, 2], 2.5+, 1.5+"
    assert str(sj.Lifetimes.from_nevada(frame)) == expected
    assert str(sj.Lifetimes.from_nevada([100, 120], [[3, 5], [0, 4]], first_return=1)) == expected


def test_months_without_shipments_may_be_left_out_where_rows_have_dates():
    frame = pd.DataFrame(
        [[100, 0, 0, 5], [10, None, None, 1]], index=["2024-01", "2024-03"], columns=["q", "2024-01", "2024-02", "2024-03"]
    )
    assert str(sj.Lifetimes.from_nevada(frame)) == "(1, 3], (0, 1], 2.5+, 0.5+"


@pytest.mark.parametrize("midpoint", [False, True])
def test_a_weibull_is_found_again_in_its_table(midpoint):
    # running units of the least age they can have gave a scale 11 standard errors too short
    random = np.random.default_rng(11)
    months, per_month = 36, 20_000
    shipped_at = np.arange(months)[:, None] + random.uniform(size=(months, per_month))
    back = np.floor(shipped_at + 60.0 * random.weibull(2.0, shipped_at.shape)).astype(int)
    returned = np.array([np.bincount(row[row < months], minlength=months) for row in back])
    model = sj.Weibull().fit(sj.Lifetimes.from_nevada(np.full(months, per_month), returned, midpoint=midpoint))
    for name, true in (("shape", 2.0), ("scale", 60.0)):
        assert abs(model.parameters_[name] - true) < 4 * model.standard_errors_[name]


def nevada(shipped=SHIPPED, returned=RETURNED, **options):
    return lambda: sj.Lifetimes.from_nevada(shipped, returned, **options)


BAD = {
    "ragged": (nevada(returned=[[1, 2, 0], [0, 3], [4]]), ValueError, r"same months in every row; row 1 has 2 and row 0 has 3 .*Fill"),
    "rows": (nevada(returned=RETURNED[:2]), ValueError, r"returned has 2 rows and shipped 3"),
    "negative return": (nevada(returned=[[1, 2, 0], [0, 0, -3], [0, 0, 4]]), ValueError, r"row 1, month 2 has -3 .*counts"),
    "negative shipment": (nevada([100, -1, 3]), ValueError, r"shipped must be 0 or more; row 1 has shipped=-1"),
    "too many": (nevada([100, 2, 80]), ValueError, r"row 1 has 3 returned of 2 shipped .*first return of each unit"),
    "early": (
        nevada(returned=[[1, 2, 0], [0, 0, 3], [0, 1, 4]]),
        ValueError,
        r"row 2, month 1 has 1 .*cannot come back before.*first_return=",
    ),
    "blank": (nevada(returned=[[1, 2, None], [0, 0, 3], [0, 0, 4]]), ValueError, r"row 0, month 2 is blank after shipment .*Write 0"),
    "text": (nevada(returned=[[1, "2", 0], [0, 0, 3], [0, 0, 4]]), TypeError, r"row 0, month 1 is '2'"),
    "endless": (nevada(returned=[[1, np.inf, 0], [0, 0, 3], [0, 0, 4]]), TypeError, r"row 0, month 1 is inf"),
    "shipped too late": (
        nevada(returned=[[1, 2], [0, 0], [0, 0]]),
        ValueError,
        r"row 2 was shipped 1 months after the last month of returns",
    ),
    "within the lag": (nevada(lag=1), ValueError, r"row 0 has returns within a lag of 1 months.*shorter lag"),
    "negative lag": (nevada(lag=-1), ValueError, r"lag must be a number of months, 0 or more; got -1"),
    "no months": (nevada([], []), ValueError, r"the table is empty"),
    "labels as a column": (
        lambda: sj.Lifetimes.from_nevada(pd.DataFrame({"month": ["2024-01"], "shipped": [9], "2024-01": [1]})),
        TypeError,
        r"first column of the table must be the shipments, and 'month' holds text .*index_col=0",
    ),
    "no table": (nevada(SHIPPED, None), TypeError, r"pass a data frame: shipments in its first column"),
    "nothing shipped": (nevada([0], [[0, 0]]), ValueError, r"lower is empty"),
    "unlike labels": (nevada(table(columns=("a", "b", "c")), None), ValueError, r"the first month of returns, 'a', is not among"),
    "out of step": (nevada(table(("a", "b", "c"), ("a", "c", "b")), None), ValueError, r"'b' meets 'c'"),
    "a month left out": (
        nevada(table(columns=("2024-01", "2024-02", "2024-04")), None),
        ValueError,
        r"months of the columns must follow each other, none left out; after 2024-02 comes 2024-04",
    ),
    "backwards": (nevada(table(rows=("2024-02", "2024-01", "2024-03")), None), ValueError, r"months of the rows must run forward"),
    "told twice": (nevada(table(), None, first_return=0), ValueError, r"first_return would be ignored"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_name_row_and_remedy(case):
    make, error, message = BAD[case]
    with pytest.raises(error, match=message):
        make()
