"""Event columns of words and codes: which of them mean a failure is said by the user, never guessed."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import survjax as sj

HOURS = [33, 44, 52, 60]
FRAME = pd.DataFrame(
    {
        "hours": HOURS,
        "status": ["Failed", "Running", "Failed", "Removed"],
        "yes": list("YNYN"),
        "code": [2, 1, 2, 1],
        "flag": [True, False, True, False],
        "text": ["1", "0", "1", "0"],
        "spelled": ["Failed", "Running", "failed ", "Running"],
        "blank": ["Failed", None, "Failed", "Running"],
    }
)


def read(event, event_value=None, frame=FRAME):
    return sj.Lifetimes.from_frame(frame, duration="hours", event=event, event_value=event_value)


@pytest.mark.parametrize(("event", "value"), [("status", "Failed"), ("yes", "Y"), ("code", 2), ("flag", True), ("text", "1")])
def test_the_value_that_means_a_failure_is_named(event, value):
    np.testing.assert_array_equal(read(event, value).event_observed, [True, False, True, False])


@pytest.mark.parametrize("frame", [pl.DataFrame(FRAME[["hours", "yes"]].to_dict("list")), pa.table(FRAME[["hours", "yes"]])])
def test_frames_of_other_packages_are_read_alike(frame):
    np.testing.assert_array_equal(read("yes", "Y", frame).event_observed, [True, False, True, False])


def test_categories_and_several_values_are_read():
    frame = FRAME.assign(status=FRAME["status"].astype("category"))
    np.testing.assert_array_equal(read("status", ["Failed", "Removed"], frame).event_observed, [True, False, True, True])


def test_the_index_of_the_frame_is_kept():
    turned = pd.Index(list("dcba"))
    assert read("status", "Failed", FRAME.set_axis(list("abcd"))).in_another_order(turned)


@pytest.mark.parametrize(
    ("event", "value", "message"),
    [
        ("status", None, r"event='status' has 'Failed' \(2\), 'Running' \(1\), 'Removed' \(1\).* Name it: .*event_value='Failed'"),
        ("yes", None, "event_value='Y'"),
        ("text", None, r"'1' \(2\), '0' \(2\).*event_value='1'"),
        ("code", None, "row 0 has event_observed=2 .*Lifetimes.from_frame does with event_value="),
        ("status", "Faild", r"event_value='Faild' is no value of 'status', which has 'Failed' \(2\)"),
        ("code", "2", r"event_value='2' is no value of 'code', which has 2 \(2\), 1 \(2\)"),
        ("spelled", "Failed", r"has 'failed ' in row 2 .*event_value=\['Failed', 'failed '\]"),
        ("blank", "Failed", r"event='blank' is missing in row 1 \(1 such rows"),
    ],
)
def test_words_that_could_be_mistaken_are_refused_with_the_remedy(event, value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        read(event, value)


def test_a_value_without_its_column_is_refused():
    with pytest.raises(TypeError, match="name that column too"):
        read(None, "Failed")
