"""What the report says of a fit."""

import survjax as sj
from survjax.fleet_report import FleetReport


def test_an_infinite_mean_is_said_to_be_infinite():
    # it was said to lie beyond the oldest age in the data
    life = sj.Lifetimes(sj.LogLogistic(shape=0.7, scale=30.0).sample(64, seed=1))
    text = FleetReport(sj.LogLogistic().fit(life), life, horizon=10.0).text()
    assert "mean life inf" in text
    assert "note: the mean life is infinite under this fit" in text
    assert "lies beyond the oldest age" not in text
