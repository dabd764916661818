"""Numbers that are facts about the outside: fee schedules of venues, base allocations by life-cycle stage.

Fees change often and differ by country, account and product. Each preset says where it comes from and as of when;
check it against the venue's page before you rely on it. Keys are those of the `commission` configuration; rates are
fractions of notional (0.001 = 0.1 %), fees are money in the account's currency. Every preset is for an account in
the lowest tier unless it has tiers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

CHECK = "rates change: compare with the venue's page before use"

# Share of capital for one position of a trained configuration, by the stage of its life.
STAGE_BASE: Mapping[str, float] = MappingProxyType(
    {"MATURE": 0.10, "VALIDATION": 0.05, "DISCOVERY": 0.02, "DECAY": 0.03, "PAPER": 0.0}
)

# (from volume, rate), volume in USD over 30 days; the last tier has no end.
_COINBASE_TAKER = (
    (0.0, 0.006), (10_000.0, 0.004), (50_000.0, 0.0025), (100_000.0, 0.002),
    (1_000_000.0, 0.0018), (15_000_000.0, 0.0016), (75_000_000.0, 0.0012), (250_000_000.0, 0.0008),
)  # fmt: skip
_KRAKEN_TAKER = (
    (0.0, 0.004), (10_000.0, 0.0035), (50_000.0, 0.0024), (100_000.0, 0.0022),
    (250_000.0, 0.002), (500_000.0, 0.0018), (1_000_000.0, 0.0016), (2_500_000.0, 0.0014),
)  # fmt: skip


def _tiers(steps: tuple[tuple[float, float], ...]) -> tuple[Mapping[str, float], ...]:
    ends = [low for low, _ in steps[1:]] + [float("inf")]
    return tuple(
        MappingProxyType({"min_volume": low, "max_volume": end, "rate": rate})
        for (low, rate), end in zip(steps, ends, strict=True)
    )


def _share(rate: float, source: str, as_of: str, note: str = CHECK) -> Mapping[str, Any]:
    return MappingProxyType(
        {"commission_model": "percentage", "percentage_fee": rate, "source": source, "as_of": as_of, "note": note}
    )


def _exchange(steps: tuple[tuple[float, float], ...], source: str, as_of: str, note: str) -> Mapping[str, Any]:
    """Crypto exchanges charge the tier that the volume so far has reached; their window trails, ours is the month."""
    return MappingProxyType(
        {
            "commission_model": "tiered",
            "tier_mode": "bracket",
            "volume_unit": "notional",
            "volume_basis": "cumulative",
            "tier_period": "month",
            "tiered_rates": _tiers(steps),
            "source": source,
            "as_of": as_of,
            "note": f"{note}; volume counts from the start of the month, the venue's 30 days trail; {CHECK}",
        }
    )


def _per_share(fee: float, least: float, source: str, as_of: str, note: str) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "commission_model": "per_unit",
            "per_unit_fee": fee,
            "min_fee": least,
            "source": source,
            "as_of": as_of,
            "note": f"{note}; {CHECK}",
        }
    )


_BINANCE = "binance.com/en/fee/schedule"
_BINANCE_FUTURES = "binance.com/en/fee/futureFee"
_IBKR = "interactivebrokers.com/en/pricing/commissions-stocks.php"
_IBKR_CAP = "US stocks; the venue's maximum of 1 % of trade value is not in it and binds below 0.50 USD a share"
_KRAKEN_NOTE = "taker rates; the first two tiers could not be compared with a second source; above 5 million left out"

FEES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "binance_spot": _share(0.001, _BINANCE, "2024"),
        "binance_spot_bnb": _share(0.00075, _BINANCE, "2024", f"fees paid in BNB, 25 % less; {CHECK}"),
        "binance_usdm_maker": _share(0.0002, _BINANCE_FUTURES, "2024"),
        "binance_usdm_taker": _share(0.0005, _BINANCE_FUTURES, "2024"),
        "coinbase_advanced": _exchange(
            _COINBASE_TAKER, "coinbase.com/advanced-fees", "2024", "taker rates; tiers above 400 million left out"
        ),
        "kraken": _exchange(_KRAKEN_TAKER, "kraken.com/features/fee-schedule", "2024", _KRAKEN_NOTE),
        "ibkr_fixed": _per_share(0.005, 1.0, _IBKR, "2024", _IBKR_CAP),
        "ibkr_tiered": _per_share(
            0.0035, 0.35, _IBKR, "2024", f"first tier, to 300,000 shares a month, exchange fees apart; {_IBKR_CAP}"
        ),
        "alpaca_free": MappingProxyType(
            {
                "commission_model": "none",
                "source": "alpaca.markets/support/commission-clearing-fees",
                "as_of": "2024",
                "note": f"US stocks; regulatory fees on sales are not in it; {CHECK}",
            }
        ),
    }
)
