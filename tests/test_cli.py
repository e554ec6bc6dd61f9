"""The command line, as a user types it."""

import json

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.cli import main


@pytest.fixture
def fleet(tmp_path):
    truth = sj.WeibullMixture(weight=[0.3, 0.7], shape=[0.9, 5.0], scale=[40.0, 200.0])
    lives = truth.sample(256, seed=1)
    ends = np.random.default_rng(2).uniform(20, 250, 256)
    frame = pd.DataFrame({"hours": np.minimum(lives, ends), "failed": (lives <= ends).astype(int), "since": 0.0, "count": 1})
    path = tmp_path / "fleet.csv"
    frame.to_csv(path, index=False)
    return path


def test_fit_prints_summary_and_units_at_risk_and_writes_files(fleet, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["fit", str(fleet), "--duration", "hours", "--event", "failed", "--horizon", "30", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Lifetimes(256 units" in printed
    assert "shape_1" in printed
    assert "Most likely to fail within 30" in printed
    assert {path.name for path in out.iterdir()} == {
        "probability.png",
        "survival.png",
        "hazard.png",
        "learning.png",
        "components.png",
        "model.json",
        "units_at_risk.csv",
    }
    model = sj.load(out / "model.json")
    at_risk = pd.read_csv(out / "units_at_risk.csv")
    frame = pd.read_csv(fleet)
    running = frame[frame["failed"] == 0]
    assert len(at_risk) == len(running)
    assert at_risk["failure_probability"].is_monotonic_decreasing
    first = at_risk.iloc[0]
    assert first["age"] == pytest.approx(frame["hours"][int(first["row"])])
    assert first["failure_probability"] == pytest.approx(model.predict_failure_probability(first["age"], 30.0))


def test_entry_weights_and_other_models(fleet, capsys):
    asked = ["fit", str(fleet), "--duration", "hours", "--event", "failed", "--entry", "since", "--weights", "count", "--model", "weibull"]
    assert main(asked) == 0
    assert "Weibull(): log-likelihood" in capsys.readouterr().out


def test_a_fleet_without_running_units_is_said_so(tmp_path, capsys):
    path = tmp_path / "all.csv"
    sj.datasets.load_ball_bearings().to_csv(path, index=False)
    assert main(["fit", str(path), "--duration", "duration", "--event", "event", "--model", "weibull"]) == 0
    assert "Every unit has failed" in capsys.readouterr().out


def write(path, text):
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hours,failed\n5,1\nx,1\n", r"line 3: hours is 'x', which is not a number"),
        ("hours,failed\n5,1\n,1\n", r"line 3: hours is empty"),
        ("hours,failed\n5,1\n6,2\n", r"row 1 has event_observed=2"),
        ("hours,failed\n5,1\n-6,1\n", r"row 1 has durations=-6"),
        ("hours,dead\n5,1\n", r"no column 'failed' for --event; its columns are hours, dead"),
        ("hours,failed\n", r"has a header but no rows"),
        ("", r"not a CSV table"),
        ("hours,failed\n5,0\n6,0\n", r"none of the units has failed"),
        ('hours,failed\n5,1\n"6,1\n', r"not a CSV table"),
    ],
)
def test_bad_files_get_one_line_and_exit_code_2(text, message, tmp_path, capsys):
    assert main(["fit", write(tmp_path / "bad.csv", text), "--duration", "hours", "--event", "failed", "--model", "weibull"]) == 2
    error = capsys.readouterr().err.strip()
    assert pytest.importorskip("re").search(message, error), error
    assert "\n" not in error


def test_a_missing_or_binary_file_and_wrong_settings(fleet, tmp_path, capsys):
    columns = ["--duration", "hours", "--event", "failed"]
    (tmp_path / "binary.csv").write_bytes(bytes(range(128, 256)))
    for arguments, message in (
        ([str(tmp_path / "none.csv"), *columns], "No such file"),
        ([str(tmp_path / "binary.csv"), *columns], "not a text file"),
        ([str(fleet), *columns, "--horizon", "-1"], "--horizon must be more than 0"),
        ([str(fleet), *columns, "--model", "weibull", "--components", "2"], "--components belongs to"),
        ([str(fleet), *columns, "--components", "0"], "n_components must be"),
    ):
        assert main(["fit", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_unknown_arguments_exit_with_2():
    with pytest.raises(SystemExit) as caught:
        main(["fit"])
    assert caught.value.code == 2


def test_the_model_file_of_a_fit_is_plain_json(fleet, tmp_path):
    assert (
        main(["fit", str(fleet), "--duration", "hours", "--event", "failed", "--model", "exponential", "--out", str(tmp_path / "o")]) == 0
    )
    assert json.loads((tmp_path / "o" / "model.json").read_text())["model"] == "Exponential"
