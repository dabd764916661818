"""The standard normal distribution: density, probability, quantile."""

from __future__ import annotations

import math

from polyfolio.kernels.compile import kernel

_ROOT_TWO = math.sqrt(2.0)
_DENSITY_AT_ZERO = 1.0 / math.sqrt(2.0 * math.pi)


@kernel
def normal_pdf(x: float) -> float:
    """phi(x) = exp(-x^2 / 2) / sqrt(2 pi)."""
    return _DENSITY_AT_ZERO * math.exp(-0.5 * x * x)


@kernel
def normal_cdf(x: float) -> float:
    """Phi(x) = erfc(-x / sqrt 2) / 2, exact far into both tails."""
    return 0.5 * math.erfc(-x / _ROOT_TWO)


@kernel
def _central(q: float) -> float:
    """AS 241, abs(p - 1/2) <= 0.425, with q = p - 1/2."""
    r = 0.180625 - q * q
    above = 2.5090809287301226727e3
    above = above * r + 3.3430575583588128105e4
    above = above * r + 6.7265770927008700853e4
    above = above * r + 4.5921953931549871457e4
    above = above * r + 1.3731693765509461125e4
    above = above * r + 1.9715909503065514427e3
    above = above * r + 1.3314166789178437745e2
    above = above * r + 3.3871328727963666080e0
    below = 5.2264952788528545610e3
    below = below * r + 2.8729085735721942674e4
    below = below * r + 3.9307895800092710610e4
    below = below * r + 2.1213794301586595867e4
    below = below * r + 5.3941960214247511077e3
    below = below * r + 6.8718700749205790830e2
    below = below * r + 4.2313330701600911252e1
    below = below * r + 1.0
    return q * above / below


@kernel
def _near_tail(s: float) -> float:
    """AS 241, tail probability above exp(-25), with s = sqrt(-log p) - 1.6."""
    above = 7.74545014278341407640e-4
    above = above * s + 2.27238449892691845833e-2
    above = above * s + 2.41780725177450611770e-1
    above = above * s + 1.27045825245236838258e0
    above = above * s + 3.64784832476320460504e0
    above = above * s + 5.76949722146069140550e0
    above = above * s + 4.63033784615654529590e0
    above = above * s + 1.42343711074968357734e0
    below = 1.05075007164441684324e-9
    below = below * s + 5.47593808499534494600e-4
    below = below * s + 1.51986665636164571966e-2
    below = below * s + 1.48103976427480074590e-1
    below = below * s + 6.89767334985100004550e-1
    below = below * s + 1.67638483018380384940e0
    below = below * s + 2.05319162663775882187e0
    below = below * s + 1.0
    return above / below


@kernel
def _far_tail(s: float) -> float:
    """AS 241, tail probability below exp(-25), with s = sqrt(-log p) - 5."""
    above = 2.01033439929228813265e-7
    above = above * s + 2.71155556874348757815e-5
    above = above * s + 1.24266094738807843860e-3
    above = above * s + 2.65321895265761230930e-2
    above = above * s + 2.96560571828504891230e-1
    above = above * s + 1.78482653991729133580e0
    above = above * s + 5.46378491116411436990e0
    above = above * s + 6.65790464350110377720e0
    below = 2.04426310338993978564e-15
    below = below * s + 1.42151175831644588870e-7
    below = below * s + 1.84631831751005468180e-5
    below = below * s + 7.86869131145613259100e-4
    below = below * s + 1.48753612908506148525e-2
    below = below * s + 1.36929880922735805310e-1
    below = below * s + 5.99832206555887937690e-1
    below = below * s + 1.0
    return above / below


@kernel
def normal_quantile(probability: float) -> float:
    """The z with Phi(z) = probability, 0 < probability < 1, NaN outside.

    Wichura (1988), algorithm AS 241 (PPND16), about one part in 1e16. The upper tail is exact in 1 - probability,
    so ask for the small side where it is known better: quantile(1e-20), not quantile(1 - 1e-20).
    """
    if not (0.0 < probability < 1.0):
        return math.nan
    q = probability - 0.5
    if abs(q) <= 0.425:
        return _central(q)
    tail = probability if q < 0.0 else 1.0 - probability
    s = math.sqrt(-math.log(tail))
    z = _near_tail(s - 1.6) if s <= 5.0 else _far_tail(s - 5.0)
    return -z if q < 0.0 else z
