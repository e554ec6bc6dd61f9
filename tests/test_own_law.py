"""A user's own law beside those of the house."""

import itertools

import jax

import survjax as sj
from survjax.distributions import Distribution, Weibull
from survjax.parameters import Duration, Positive


class Own(Distribution):
    """A law whose fields have the names of the Weibull's."""

    shape: Positive
    scale: Duration

    def log_survival(self, time):
        return -((time / self.scale) ** self.shape)


def test_laws_with_parameters_of_the_same_names_never_share_a_program():
    # jit finds its programs by the structure of the arguments: structures that compare equal are one to it, by chance of a hash
    laws = [Weibull(1.0, 2.0), Own(1.0, 2.0)]
    for one, other in itertools.combinations(laws, 2):
        assert jax.tree.structure(one) != jax.tree.structure(other)
    assert jax.tree.structure(Own(1.0, 2.0)) == jax.tree.structure(Own(3.0, 4.0))
    assert sj.Model(Own(1.0, 2.0)).survival(2.0) == sj.Weibull(1.0, 2.0).survival(2.0)
