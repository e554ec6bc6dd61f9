"""The user's JAX is as it was: the 64-bit flag, the cache folder, the platform; from threads too."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import survjax as sj
from tests.conftest import shipped

SCRIPT = """
import sys, threading
import jax, jax.numpy as jnp
jax.config.update("jax_enable_x64", {flag})
before = {{name: getattr(jax.config, name) for name in ("jax_enable_x64", "jax_compilation_cache_dir", "jax_platforms")}}
import survjax as sj
life = sj.Lifetimes([33., 44., 52., 61., 70., 80., 81.], [1, 0, 1, 1, 1, 1, 1])
results = []
def work():
    model = sj.Weibull().fit(life)
    results.append((model.parameters_["shape"], model.survival(40.0), model.interval("rul", 40.0)["lower"].iloc[0]))
work()
threads = [threading.Thread(target=work) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
try:
    sj.Weibull().fit([1.0, -1.0])
except ValueError:
    pass
assert before == {{name: getattr(jax.config, name) for name in before}}, before
assert jnp.ones(1).dtype == (jnp.float64 if {flag} else jnp.float32)
assert len(set(results)) == 1 and len(results) == 4, results
print(repr(float(results[0][0])))
"""


def test_the_users_flag_stays_and_the_numbers_do_not_depend_on_it():
    shapes = []
    for flag in (False, True):
        ran = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT.format(flag=flag)], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        shapes.append(float(ran.stdout))
    assert shapes[0] == shapes[1]


def test_predictions_keep_64_bits():
    model = sj.Weibull(2.0, 1e3)
    assert model.survival(1e-5) == pytest.approx(np.exp(-((1e-8) ** 2)), rel=1e-16)
    assert model.predict_failure_probability(10.0, 1e-9) == pytest.approx(2e-14, rel=1e-9)  # 2 a h / scale^2, of first order


def test_fits_in_threads_are_the_fits_alone():
    life = shipped("waltons")
    alone = sj.WeibullMixture().fit(life).log_likelihood_
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda _: sj.WeibullMixture().fit(life).log_likelihood_, range(4))) == {alone}


def test_the_compilation_cache_is_the_users_to_ask_for(tmp_path):
    code = f"""
import jax, survjax as sj
folder = sj.enable_compilation_cache({str(tmp_path / "cache")!r})
sj.Weibull().fit([1.0, 2.0, 4.0])
assert str(folder) == jax.config.jax_compilation_cache_dir
print(oct(folder.stat().st_mode & 0o777), any(folder.iterdir()))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["0o700", "True"], ran.stderr


def test_a_cache_folder_open_to_others_is_refused(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(PermissionError, match="closed to others"):
        sj.enable_compilation_cache(tmp_path / "open")
