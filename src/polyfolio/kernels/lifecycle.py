"""Size of a position by the life-cycle stage and the record of a trained configuration."""

from __future__ import annotations

from polyfolio.kernels.compile import kernel


@kernel
def confidence_factor(sharpe: float, win_rate: float) -> float:
    """clamp(0.6 * min(sharpe / 2, 1.5) + 0.4 * win_rate / 100, 0.5, 1.5).

    `win_rate` in percent. An unknown Sharpe ratio or win rate (NaN) gives the floor, 0.5.
    """
    ratio = 0.5 * sharpe
    capped = ratio if not ratio > 1.5 else 1.5
    factor = 0.6 * capped + 0.4 * (win_rate / 100.0)
    if not factor > 0.5:
        return 0.5
    return factor if factor < 1.5 else 1.5


@kernel
def lifecycle_size(capital: float, base: float, sharpe: float, win_rate: float, signal: float, capped: int) -> float:
    """Money to hold: capital * base * confidence_factor * signal, at most capital * base.

    Because of the cap, a factor above 1 acts only where the signal is below 1.

    Args:
        capital: money available at the start of the cycle, the same for all its signals; none gives 0.
        base: share of capital of the configuration's stage.
        sharpe: Sharpe ratio of its validation.
        win_rate: percent of its trades that won.
        signal: -1..1, HOLD is 0; the sign is kept, NaN gives 0.
        capped: 0 leaves the cap out.
    """
    if not (capital > 0.0 and base > 0.0 and abs(signal) > 0.0):
        return 0.0
    strength = confidence_factor(sharpe, win_rate) * signal
    if capped != 0:
        strength = min(1.0, max(-1.0, strength))
    return capital * base * strength
