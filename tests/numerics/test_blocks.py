import jax
import jax.numpy as jnp
import numpy as np
import pytest

from survjax.numerics import blocks
from survjax.numerics.blocks import Objective, bucket, chunks, map_rows, sums

pytestmark = pytest.mark.usefixtures("double")


def row(template, point, kind, row):
    return jnp.exp(-point[0] * row["x"]) * point[1] if kind == "a" else point[1] ** 2 * row["x"]


def statistics(template, point, kind, row):
    return row["x"] if kind == "a" else ()


def report(template, point):
    return point[:1] ** 3


def extras(template, point):
    return point[1] * 2.0


OBJECTIVE = Objective(row, statistics, report, extras)


def data(n):
    random = np.random.default_rng(n)
    return {kind: ({"x": random.uniform(size=n)}, random.uniform(size=n)) for kind in ("a", "b")}


def plain(rows, point):
    x, w = rows["a"][0]["x"], rows["a"][1]
    y, v = rows["b"][0]["x"], rows["b"][1]
    return jnp.sum(w * jnp.exp(-point[0] * x) * point[1]) + jnp.sum(v * point[1] ** 2 * y)


@pytest.mark.parametrize(
    ("small", "block", "count"),
    [(2_048, 16_384, 16), (64, 512, 16), (64, 64, 2)],
    ids=["one block", "one super-block of small blocks", "several super-blocks"],
)
def test_blocked_sums_are_the_plain_sums_with_their_derivatives(small, block, count, monkeypatch):
    monkeypatch.setattr(blocks, "SMALL_BLOCK", small)
    monkeypatch.setattr(blocks, "BLOCK", block)
    monkeypatch.setattr(blocks, "BLOCKS", count)
    rows, points = data(300), np.array([[0.7, 1.3], [0.2, -0.4]])
    result = sums(OBJECTIVE, None, points, np.array([True, True]), chunks(rows))
    for lane, point in enumerate(points):
        np.testing.assert_allclose(result.value[lane], plain(rows, point), rtol=1e-13)  # another order of 300 additions
        np.testing.assert_allclose(result.gradient[lane], jax.grad(plain, 1)(rows, point), rtol=1e-13)
        np.testing.assert_allclose(result.hessian[lane], jax.hessian(plain, 1)(rows, point), rtol=1e-13)
        np.testing.assert_allclose(result.statistics["a"][lane], np.sum(rows["a"][1] * rows["a"][0]["x"]), rtol=1e-13)
    np.testing.assert_allclose(result.report, points[:, :1] ** 3)
    np.testing.assert_allclose(result.report_jacobian[:, 0, 0], 3 * points[:, 0] ** 2)
    np.testing.assert_allclose(result.extras, 2 * points[:, 1])


def test_a_point_that_is_not_active_returns_zeros():
    result = sums(OBJECTIVE, None, np.ones((2, 2)), np.array([True, False]), chunks(data(64)))
    assert result.value[0] != 0
    assert result.value[1] == 0
    assert not result.hessian[1].any()


def test_buckets_are_few():
    assert [bucket(n) for n in (1, 64, 65, 1000, 2_048, 2_049, 16_384, 16_385, 262_144, 262_145)] == [
        64,
        64,
        128,
        1024,
        2_048,
        16_384,
        16_384,
        262_144,
        262_144,
        524_288,
    ]


def test_a_new_number_of_rows_within_a_bucket_does_not_compile():
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if event == "/jax/core/compile/backend_compile_duration" else None
    )
    for n in (130, 150, 256):
        sums(OBJECTIVE, None, np.ones((1, 2)), np.array([True]), chunks(data(n)))
        if n == 130:
            compiled.clear()
    assert compiled == []


def shifted(parameters, x, y):
    return {"sum": x + y * parameters, "both": jnp.stack([x, y])}


@pytest.mark.parametrize("n", [1, 65, 300])
@pytest.mark.parametrize(("block", "count"), [(16_384, 16), (64, 2)])
def test_maps_keep_order_and_shape(n, block, count, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    monkeypatch.setattr(blocks, "BLOCKS", count)
    x, y = np.arange(float(n)), np.ones(n)
    mapped = map_rows(shifted, 2.0, x, y)
    np.testing.assert_array_equal(mapped["sum"], x + 2)
    np.testing.assert_array_equal(mapped["both"], np.stack([x, y], axis=1))


def test_a_map_over_no_rows_is_empty():
    assert map_rows(shifted, 2.0, np.zeros(0), np.zeros(0))["both"].shape == (0, 2)
