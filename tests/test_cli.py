"""The command line, as a user types it."""

import gzip
import io
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.cli import _Progress, main
from survjax.data.lifetimes_file import LifetimesFile
from survjax.turbofan_forecast import TurbofanForecast


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
    assert "No unit still runs" in capsys.readouterr().out


COLUMNS = ("--duration", "hours", "--event", "failed")


def refused(capsys, path, *arguments):
    """The one line with which the file or the arguments are refused, without the name of the program and the folder of the file."""
    assert main(["fit", str(path), *(arguments or (*COLUMNS, "--model", "weibull"))]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err.strip().removeprefix("survjax: ").replace(f"{path.parent}/", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hours,failed\n5,1\nx,1\n", "bad.csv, line 3: hours is 'x', but must be a finite number. Correct"),
        ("hours,failed\n5,1\n,1\n", "bad.csv, line 3: hours is empty, but must be a finite number."),
        ("hours,failed\n5,1\ninf,1\n", "bad.csv, line 3: hours is 'inf', but must be a finite number."),
        ("hours,failed\n5,1\n1_000,1\n", "bad.csv, line 3: hours is '1_000', but must be a finite number."),
        ('hours,failed\n5,1\n"5,5",1\n', "bad.csv, line 3: hours is '5,5', but must be a finite number. Write decimals with a point"),
        ("hours,failed\n5,1\n6,2\n", "bad.csv, line 3: failed is '2', but must be 1 for failed or 0 for still running."),
        (
            "hours,failed\n2024-01-01,1\n",
            "bad.csv, line 2: hours is '2024-01-01', but must be a finite number. Correct the cell or remove the line. No cell",
        ),
        ("hours,failed\n5,1\n6,yes\n", "bad.csv, line 3: failed is 'yes', but must be 1 for failed or 0 for still running."),
        ("hours,failed\n5,1\n-6,1\n", "bad.csv, line 3: hours is '-6', but must be 0 or more for Weibull. Check the sign"),
        ("hours,failed\n5,1\n0,1\n0,0\n", "bad.csv, line 3: hours is '0', but must be more than 0 for a failure under Weibull. A unit"),
        ("hours,dead\n5,1\n", "bad.csv has no column 'failed' for --event; its columns are hours, dead."),
        ("hours,failed\n", "bad.csv has a header but no rows."),
        ("", "bad.csv has no header: the first line must name the columns."),
        ("\n \n", "bad.csv has no header"),
        ("hours,failed\n5,0\n6,0\n", "bad.csv: none of the units has failed"),
        ("hours,failed\n5,1\n5,1\n", "bad.csv: all failures fall on one age, 5"),
        ('hours,failed\n5,1\n"6,1\n7,1\n', "bad.csv, line 3: a quoted cell that begins in this row does not end."),
        ("hours,failed\n5,1\n6,1,7\n8\n", "bad.csv, line 3: the row has 3 cells, but the header names 2 columns (also line 4: 1 cell)."),
    ],
)
def test_bad_files_get_one_line_that_names_the_line_and_the_cell(text, message, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert refused(capsys, path).startswith(message)


BLANK_AND_LONG = 'hours,failed,note,since,count\n\n5,1,"one\ntwo\r\nthree",0,1\n   \n\n7,0,,0,1\n'


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,1,,0,1", "line 9: hours is 'x', but must be a finite number."),
        ("5,?,,0,1", "line 9: failed is '?', but must be 1 for failed"),
        ("-5,1,,-6,1", "line 9: hours is '-5', but must be 0 or more for Weibull."),
        ("0,1,,-1,1", "line 9: hours is '0', but must be more than 0 for a failure under Weibull."),
        ("5,1,,-1,1", "line 9: since is '-1', but must be 0 or more for Weibull."),
        ("5,1,,6,1", "line 9: since is '6' where hours is '5', but must be less than the duration. Remove"),
        ("5,1,,0,-1", "line 9: count is '-1', but must be 0 or more. A count"),
        ("5,1", "line 9: the row has 2 cells, but the header names 5 columns."),
        ('5,1,"a"b,0,1', "line 9: a quoted cell goes on after its closing quote."),
    ],
)
def test_lines_are_those_of_the_file_though_lines_are_blank_and_rows_long(row, message, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    text = BLANK_AND_LONG + row + "\n9,1,,0,1\n"
    assert text.splitlines()[9 - 1] == row
    path.write_bytes(text.encode())
    columns = (*COLUMNS, "--entry", "since", "--weights", "count", "--model", "weibull")
    assert refused(capsys, path, *columns).startswith(f"bad.csv, {message}")


def test_weights_that_are_all_zero_name_their_column(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("hours,failed,count\n5,1,0\n6,1,0\n")
    said = refused(capsys, path, *COLUMNS, "--weights", "count")
    assert said.startswith("bad.csv, line 2: count is '0', but must be more than 0 in at least one row (also line 3: '0').")


def test_too_few_failures_for_a_mixture_name_the_file(tmp_path, capsys):
    path = tmp_path / "few.csv"
    path.write_text("hours,failed\n5,1\n6,1\n7,0\n")
    message = "a mixture of 2 components with 5 parameters to learn needs"
    assert refused(capsys, path, *COLUMNS, "--model", "weibull-mixture").startswith(f"few.csv: {message}")
    assert main(["fit", str(path), *COLUMNS]) == 0
    assert f"  chosen: one Weibull, since {message}" in capsys.readouterr().out


def test_without_a_model_asked_the_lower_bic_decides_and_says_so(fleet, tmp_path, capsys):
    assert main(["fit", str(fleet), *COLUMNS]) == 0
    printed = capsys.readouterr().out
    frame = pd.read_csv(fleet)
    single, mixture = (learner.fit(frame["hours"], frame["failed"]).bic_ for learner in (sj.Weibull(), sj.WeibullMixture()))
    assert f"  chosen: a mixture of two, by a BIC of {mixture:.2f} against {single:.2f} of one Weibull; --model takes another" in printed
    plain = tmp_path / "plain.csv"
    life = sj.Weibull(shape=2.0, scale=100.0).sample(256, seed=3)
    pd.DataFrame({"hours": life, "failed": 1}).to_csv(plain, index=False)
    assert main(["fit", str(plain), *COLUMNS]) == 0
    printed = capsys.readouterr().out
    assert "\nWeibull(): log-likelihood" in printed
    assert "  chosen: one Weibull, by a BIC of" in printed
    assert main(["fit", str(plain), *COLUMNS, "--components", "2"]) == 0
    printed = capsys.readouterr().out
    assert "\nWeibullMixture(" in printed
    assert "chosen:" not in printed


@pytest.mark.parametrize("command", [(), ("demo",), ("fit",), ("turbofan",)])
def test_help_says_a_per_cent_once(command, capsys):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    assert "%%" not in capsys.readouterr().out


def test_events_may_be_words(fleet, tmp_path, capsys):
    main(["fit", str(fleet), *COLUMNS])
    numbers = capsys.readouterr().out
    frame = pd.read_csv(fleet)
    path = tmp_path / "words.csv"
    frame.assign(failed=np.where(frame["failed"] == 1, "Failed", " Running")).to_csv(path, index=False)
    assert main(["fit", str(path), *COLUMNS, "--event-value", "Failed"]) == 0
    assert capsys.readouterr().out == numbers
    message = "words.csv: failed has 'Running' (143), 'Failed' (113), and nothing says which of them means a failure. Name it, for instance"
    assert refused(capsys, path) == f"{message} --event-value Failed."
    said = refused(capsys, path, *COLUMNS, "--event-value", "broken")
    assert said.startswith("words.csv: no cell of failed is 'broken', the --event-value; there are 'Running' (143), 'Failed' (113).")
    path.write_text("hours,failed\n5,Failed\n6,failed\n7,\n")
    said = refused(capsys, path, *COLUMNS, "--event-value", "Failed")
    assert said.startswith("words.csv, line 3: failed is 'failed', but must be 'Failed' for failed, in that spelling, or another word")
    assert "also line 4: empty" in said


def test_up_to_five_bad_cells_are_listed(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("hours,failed\n5,1\na,1\n6,1\n,1\n\nb,0\nc,0\nnan,0\nd,0\ne,0\n")
    assert refused(capsys, path).startswith(
        "bad.csv, line 3: hours is 'a', but must be a finite number "
        "(also line 5: empty, line 7: 'b', line 8: 'c', line 9: 'nan' and 2 more)."
    )
    path.write_text("hours,failed\n" + "-5,1\n" * 5)
    assert "(also line 3: '-5', line 4: '-5', line 5: '-5', line 6: '-5')." in refused(capsys, path)


def test_a_long_cell_is_cut_and_many_columns_are_not_all_listed(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("hours,failed\n" + "x" * 500 + ",1\n")
    assert "'" + "x" * 40 + "…'" in refused(capsys, path)
    path.write_text('hours,failed\n5,1\n"' + "6,1\n" * 40_000)
    assert refused(capsys, path).startswith("bad.csv, line 3: a quoted cell that begins in this row does not end.")
    path.write_text(",".join(f"c{i}" for i in range(300)) + "\n")
    assert refused(capsys, path).endswith("c18, c19 and 280 more.")


def test_a_chosen_column_that_is_there_twice_is_refused_with_both_positions(tmp_path, capsys):
    path = tmp_path / "twice.csv"
    path.write_text("hours,failed, hours\n5,1,6\n")
    assert refused(capsys, path) == "twice.csv has 2 columns 'hours' for --duration, at positions 1 and 3. Rename all but one."


def test_other_columns_may_have_the_same_name_or_none(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text(",note,hours,note,failed,site\n7,a,5,b,1,X\n8,c,6,d,0,Y\n")
    about = LifetimesFile.read(path, {"durations": "hours", "event_observed": "failed"}).about
    assert about.to_dict("list") == {
        "(column 1)": ["7", "8"],
        "note (column 2)": ["a", "c"],
        "note (column 4)": ["b", "d"],
        "site": ["X", "Y"],
    }


@pytest.mark.parametrize(("separator", "said"), [(";", 'add --sep ";".'), ("\t", "add --sep tab."), ("|", 'add --sep "|".')])
def test_a_file_with_another_separator_is_read_with_sep_and_hinted_at_without(separator, said, fleet, tmp_path, capsys):
    path = tmp_path / "other.csv"
    path.write_text(fleet.read_text().replace(",", separator))
    assert refused(capsys, path).endswith(said)
    for name in {"\t": ("tab", r"\t", "\t")}.get(separator, (separator,)):
        assert main(["fit", str(path), *COLUMNS, "--model", "exponential", "--sep", name]) == 0
    assert "Lifetimes(256 units" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("utf-8", ()),
        ("utf-8-sig", ()),
        ("utf-8-sig", ("--encoding", "UTF8")),
        ("latin-1", ("--encoding", "latin-1")),
        ("utf-16", ("--encoding", "utf-16")),
    ],
)
def test_encodings_are_read(written, arguments, tmp_path, capsys):
    path = tmp_path / "umlaut.csv"
    path.write_bytes("hours,failed,plant\n5,1,Köln\n6,0,Jülich\n".encode(written))
    assert main(["fit", str(path), *COLUMNS, "--model", "exponential", *arguments]) == 0
    assert "Jülich" in capsys.readouterr().out


def test_another_encoding_and_a_binary_file_are_refused_with_a_way_out(tmp_path, capsys):
    path = tmp_path / "umlaut.csv"
    path.write_bytes("hours,failed,plant\n5,1,Koeln\n\n6,0,Jülich\n".encode("latin-1"))
    assert refused(capsys, path).startswith("umlaut.csv, line 4: this is not text in utf-8.")
    path.write_bytes("hours,failed\n5,1\n".encode("utf-16-le"))
    assert refused(capsys, path).startswith("umlaut.csv is not text in utf-8: it contains zero bytes.")


def test_a_missing_file_and_wrong_settings_are_said_in_one_line(fleet, tmp_path, capsys):
    assert refused(capsys, tmp_path / "none.csv") == "none.csv: No such file or directory"
    assert refused(capsys, fleet, *COLUMNS, "--model", "weibull", "--components", "2").startswith("--components belongs to")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--horizon", "-1"), "argument --horizon: must be a number of more than 0; got '-1'."),
        (("--horizon", "soon"), "argument --horizon: must be a number of more than 0; got 'soon'."),
        (("--horizon", "nan"), "argument --horizon: must be a number of more than 0; got 'nan'."),
        (("--components", "0"), "argument --components: must be a whole number of at least 1; got '0'."),
        (("--components", "two"), "argument --components: must be a whole number of at least 1; got 'two'."),
        (("--sep", ", "), "argument --sep: must be one character, or the word tab; got ', '."),
        (("--encoding", "utf-88"), "argument --encoding: must be the name of an encoding"),
        (("--encoding", "base64"), "argument --encoding: must be the name of an encoding"),
        (("--modle", "weibull"), "unrecognized arguments: --modle weibull."),
    ],
)
def test_unparsable_arguments_get_one_line_and_exit_with_2(arguments, message, fleet, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["fit", str(fleet), *COLUMNS, *arguments])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"survjax: {message}")
    assert error.count("\n") == 1


def test_a_middle_age_of_0_asks_for_a_horizon(tmp_path, capsys):
    path = tmp_path / "young.csv"
    path.write_text("hours,failed\n0,0\n0,0\n0,0\n5,1\n6,1\n")
    assert refused(capsys, path).startswith("young.csv: the middle age is 0, which says nothing of how far to look ahead; give --horizon.")


@pytest.mark.parametrize("command", ["fit", "demo"])
def test_an_unusable_out_is_noticed_before_anything_is_read_or_fitted(command, tmp_path, capsys, monkeypatch):
    def never(*_, **__):
        pytest.fail("the file was read before --out was looked at")

    monkeypatch.setattr(LifetimesFile, "read", never)
    monkeypatch.setattr(sj.datasets, "load_hard_drives", never)
    arguments = ["fit", "fleet.csv", *COLUMNS] if command == "fit" else ["demo"]
    (tmp_path / "taken").write_text("")
    for out in (tmp_path / "taken", tmp_path / "taken" / "below"):
        assert main([*arguments, "--out", str(out)]) == 2
        assert capsys.readouterr().err == f"survjax: --out {out}: {tmp_path / 'taken'} is not a folder. Name another.\n"


def test_a_folder_that_nothing_can_be_written_in_is_noticed_before_the_fit(tmp_path, capsys, monkeypatch):
    def forbidden(dir):  # noqa: A002
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr("survjax.cli.tempfile.TemporaryFile", forbidden)
    assert main(["fit", "fleet.csv", *COLUMNS, "--out", str(tmp_path / "a" / "b")]) == 2
    said = f"survjax: --out {tmp_path / 'a' / 'b'}: nothing can be written in {tmp_path} (Permission denied). Name another folder.\n"
    assert capsys.readouterr().err == said


def test_out_is_not_made_where_the_file_is_bad(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("hours,failed\nx,1\n")
    refused(capsys, path, *COLUMNS, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_nothing_is_drawn_where_standard_error_is_no_terminal(fleet, tmp_path, capsys):
    assert main(["fit", str(fleet), *COLUMNS, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_drawn_on_a_terminal_once_its_time_has_come_even_within_one_step(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with _Progress("reading", 2) as progress:
        progress.step("fitting")
    assert sys.stderr.getvalue() == ""
    monkeypatch.setattr(_Progress, "PATIENCE", 0.01)
    with _Progress("reading", 2) as progress:
        progress.step("fitting")
        deadline = time.monotonic() + 30
        while "fitting" not in sys.stderr.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    drawn = sys.stderr.getvalue()
    assert "fitting: [00:00]" in drawn
    assert drawn.rsplit("\r", 2)[1].strip() == "", "the bar is wiped away at the end"


def test_a_fit_without_a_command_is_one_line_too(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["fit"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("survjax: the following arguments are required: FILE.csv, --duration, --event.")


def test_the_model_file_of_a_fit_is_plain_json(fleet, tmp_path):
    assert (
        main(["fit", str(fleet), "--duration", "hours", "--event", "failed", "--model", "exponential", "--out", str(tmp_path / "o")]) == 0
    )
    assert json.loads((tmp_path / "o" / "model.json").read_text())["model"] == "Exponential"


def test_turbofan_prints_a_line_an_engine_whose_intervals_hold_the_lives_left(capsys):
    folder = Path(sj.datasets.__file__).parents[2] / "datasets"
    assert main(["turbofan", str(folder / "turbofan_train.txt.gz"), str(folder / "turbofan_test.txt.gz")]) == 0
    lines = capsys.readouterr().out.splitlines()
    engine, rul, lower, upper = np.array([[float(number) for number in line.split(",")] for line in lines]).T
    left = sj.datasets.load_turbofan_remaining_lives()
    assert engine.tolist() == left["unit"].tolist()
    remaining = left["remaining"].to_numpy()
    # 12 engines at 90 %: fewer than 8 within their limits would happen once in 200 such files
    assert np.count_nonzero((lower <= remaining) & (remaining <= upper)) >= 8
    # the lives left vary by 37 about their mean
    assert np.sqrt(np.mean((rul - np.minimum(remaining, 125)) ** 2)) < 20


def test_an_engine_younger_than_any_that_was_learned_from_is_said(tmp_path, capsys):
    folder = Path(sj.datasets.__file__).parents[2] / "datasets"
    with gzip.open(folder / "turbofan_test.txt.gz", "rt") as file:
        (tmp_path / "young.txt").write_text("".join(next(file) for _ in range(5)))
    assert main(["turbofan", str(folder / "turbofan_train.txt.gz"), str(tmp_path / "young.txt")]) == 0
    said = capsys.readouterr()
    assert "1 engines have fewer than 20 cycles (the first is 1)" in said.err
    assert len(said.out.splitlines()) == 1


def test_turbofan_files_at_fault_are_said_in_one_line(tmp_path, capsys):
    file = tmp_path / "engines.txt"
    file.write_text("1 2 3\n")
    assert main(["turbofan", str(file), str(file)]) == 2
    assert "has 3 columns" in capsys.readouterr().err
    assert main(["turbofan", str(tmp_path / "none.txt"), str(file)]) == 2
    assert "No such file" in capsys.readouterr().err


def test_turbofan_engines_that_nothing_can_be_learned_from_are_refused():
    log = sj.datasets.load_turbofan()
    with pytest.raises(ValueError, match="no engine of the training file ran for more than 20 cycles"):
        TurbofanForecast(log[log["time"] <= 20])
    # one reading in another regime has no spread to judge others by
    with pytest.raises(ValueError, match=r"row 7 .* setting_1=42 and setting_3=.*, where training engines gave 1 readings"):
        TurbofanForecast(log.assign(setting_1=np.where(np.arange(len(log)) == 7, 42.0, log["setting_1"])))


def test_a_unit_taken_out_unfailed_is_not_at_risk_and_numbers_of_the_file_are_short(tmp_path, capsys):
    ages = np.random.default_rng(3).weibull(2.0, 64) * 100
    rows = [f"{age},{int(row % 4 > 0)},{['removal', 'wear', 'wear', 'wear'][row % 4] if row != 8 else ''},25.00{row}8337146242834"
            for row, age in enumerate(ages)]  # fmt: skip
    path = tmp_path / "pumps.csv"
    path.write_text("\n".join(["days,failed,end,temperature", *rows]))
    command = ["fit", str(path), "--duration", "days", "--event", "failed", "--model", "weibull"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "of 16 running units" in said
    assert "8337146242834" not in said
    assert main([*command, "--cause", "end"]) == 0
    said = capsys.readouterr().out
    assert "of 1 running units" in said
    assert "48 failed, 1 running, 15 removed unfailed" in said
    assert main([*command, "--cause", "ende"]) == 2
    assert "has no column 'ende' for --cause" in capsys.readouterr().err
