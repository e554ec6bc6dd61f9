"""Numbers that know nothing of survival: special functions, roots, quadrature, sums over blocks, Newton."""
