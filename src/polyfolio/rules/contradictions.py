"""Settings that are each in bounds and together cannot hold: found before anything runs, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator

from polyfolio.core.codes import BarUntil, Commission, FillAt, Impact, Schedule, SizeAt, Sizing, TimeInForce, VarMethod
from polyfolio.rules.execution import CommissionSection, Execution, Exits, Rebalance
from polyfolio.rules.problems import Problem
from polyfolio.rules.risk import Risk
from polyfolio.rules.sections import Account, Limits, SizingSection


def in_limits(limits: Limits) -> Iterator[Problem]:
    """Bounds on the book that exclude each other."""
    low = limits.min_position or 0.0
    if limits.max_position is not None and low > limits.max_position:
        yield Problem(
            ("limits", "min_position"),
            low,
            f"at most max_position ({limits.max_position:g})",
            "No position can meet both: lower min_position or raise max_position.",
        )
    if limits.max_leverage is not None and limits.max_gross is not None and limits.max_gross > limits.max_leverage:
        yield Problem(
            ("limits", "max_gross"),
            limits.max_gross,
            f"at most max_leverage ({limits.max_leverage:g})",
            "Buying power ends at max_leverage: raise it or lower max_gross.",
        )
    if limits.max_long_positions == 0 and limits.max_short_positions == 0:
        yield Problem(
            ("limits", "max_long_positions"),
            0,
            "above 0 where max_short_positions is 0",
            "No position is allowed at all: raise one of the two.",
        )
    yield from _in_gross(limits, low)
    yield from _in_net(limits)
    yield from _in_labels(limits, low)


def _ceiling(limits: Limits) -> float:
    return min(value for value in (limits.max_gross, limits.max_leverage, float("inf")) if value is not None)


def _in_gross(limits: Limits, low: float) -> Iterator[Problem]:
    ceiling = _ceiling(limits)
    if low > ceiling:
        yield Problem(
            ("limits", "min_position"),
            low,
            f"at most the largest gross exposure ({ceiling:g})",
            "One position alone would break the limit: lower min_position.",
        )
    elif limits.max_positions is not None and low * limits.max_positions > ceiling * (1.0 + 1e-12):
        yield Problem(
            ("limits", "max_positions"),
            limits.max_positions,
            f"such that max_positions x min_position ({low:g}) fits the largest gross exposure ({ceiling:g})",
            "The weights cannot be met: lower max_positions or min_position, or raise max_gross.",
        )


def _in_net(limits: Limits) -> Iterator[Problem]:
    lowest, highest = limits.min_net, limits.max_net
    # Limits are met by scaling the want down, so cash has to meet them: a book cannot be scaled up to its bound.
    if lowest is not None and lowest > 0.0:
        yield Problem(
            ("limits", "min_net"), lowest, "at most 0", "To stay invested set sizing.gross_target; null leaves it off."
        )
    if highest is not None and highest < 0.0:
        yield Problem(
            ("limits", "max_net"), highest, "at least 0", "To stay short give negative signals; null leaves it off."
        )


def _in_labels(limits: Limits, low: float) -> Iterator[Problem]:
    for index, label in enumerate(limits.labels):
        caps = label.cap.items() if isinstance(label.cap, dict) else [("", label.cap)]
        for name, cap in caps:
            if 0.0 < cap < low:
                path = ("limits", "labels", index, "cap") + ((name,) if name else ())
                yield Problem(
                    path,
                    cap,
                    f"0, or at least min_position ({low:g})",
                    "No position under this cap could be large enough: raise the cap or lower min_position.",
                )
        if label.by in [other.by for other in limits.labels[:index]]:
            yield Problem(
                ("limits", "labels", index, "by"),
                label.by,
                "named once",
                "Two caps by one label: write one map with the smaller caps.",
            )


def in_schedule(execution: Execution) -> Iterator[Problem]:
    """Orders worked over bars beside settings that want them filled at once."""
    schedule = execution.schedule
    if schedule.model is Schedule.NONE:
        return
    at = ("execution", "schedule", "model")
    word = schedule.model.name.lower()
    if execution.sizing is SizeAt.FILL:
        yield Problem(
            ("execution", "sizing"),
            "fill",
            f"decision with the schedule {word}",
            "A target solved at the fill is whole.",
        )
    if execution.fill is FillAt.SAME_CLOSE:
        yield Problem(
            ("execution", "fill"), "same_close", f"a later fill with the schedule {word}", "Write fill: next_open."
        )
    if execution.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        life = execution.time_in_force.name.lower()
        yield Problem(
            ("execution", "time_in_force"), life, f"day or gtc with the schedule {word}", "Its parts come bar by bar."
        )
    if execution.min_fill is not None:
        yield Problem(
            ("execution", "min_fill"),
            execution.min_fill,
            f"null with the schedule {word}",
            "The schedule says how much fills in the first bar.",
        )
    if schedule.model is Schedule.ALMGREN_CHRISS:
        impact = execution.market_impact
        if impact.model is not Impact.LINEAR or impact.temporary_impact <= 0.0:
            yield Problem(
                at,
                word,
                "beside market_impact.model: linear with temporary_impact above 0",
                "The schedule weighs that impact against risk: set it, or take twap.",
            )


def in_risk(risk: Risk) -> Iterator[Problem]:
    """Windows that are too short for what is read from them."""
    if risk.min_history > risk.var_window:
        yield Problem(
            ("risk", "min_history"),
            risk.min_history,
            f"at most var_window ({risk.var_window})",
            "The history could never be long enough: lower min_history or widen var_window.",
        )
    if risk.min_history > risk.covariance.window:
        yield Problem(
            ("risk", "min_history"),
            risk.min_history,
            f"at most covariance.window ({risk.covariance.window})",
            "The history could never be long enough: lower min_history or widen the window.",
        )
    tail = (1.0 - risk.var_confidence) * risk.var_window
    judged = risk.max_var is not None or risk.max_es is not None
    if judged and risk.var_method is VarMethod.HISTORICAL and tail < 1.0 - 1e-9:
        yield Problem(
            ("risk", "var_window"),
            risk.var_window,
            f"long enough for one observation beyond confidence {risk.var_confidence:g}",
            "Widen var_window, lower var_confidence, or choose var_method: parametric.",
        )


def in_account(account: Account, limits: Limits, sizing: SizingSection) -> Iterator[Problem]:
    """Capital, margin and sizing against the limits."""
    leverage = limits.max_leverage
    if leverage is not None and leverage * account.maintenance_margin >= 1.0:
        yield Problem(
            ("account", "maintenance_margin"),
            account.maintenance_margin,
            f"below 1 / max_leverage ({1.0 / leverage:g})",
            "A full book would be liquidated at once: lower maintenance_margin or max_leverage.",
        )
    # The default aims at 1 whatever the limits are, and they cut it; so does 1 where a configuration that was kept
    # writes it out. Another number is meant.
    if sizing.gross_target != SizingSection.model_fields["gross_target"].default:
        yield from _in_target(sizing, limits)
    smallest, capital = limits.min_notional, account.initial_capital
    if smallest is not None and smallest > capital and _ceiling(limits) <= 1.0:
        yield Problem(
            ("limits", "min_notional"),
            smallest,
            f"at most initial_capital ({capital:g})",
            "No order could be large enough: lower min_notional or raise initial_capital.",
        )
    if limits.max_short_positions and not sizing.allow_short:
        yield Problem(
            ("limits", "max_short_positions"),
            limits.max_short_positions,
            "0 or null while sizing.allow_short is false",
            "Set sizing.allow_short: true, or leave max_short_positions out.",
        )
    if sizing.method is Sizing.VOLATILITY_TARGET and sizing.target_volatility is None:
        yield Problem(
            ("sizing", "target_volatility"),
            None,
            "a number with method: volatility_target",
            "Give the volatility to aim at, for example target_volatility: 0.1.",
        )


def _in_target(sizing: SizingSection, limits: Limits) -> Iterator[Problem]:
    """A gross exposure to aim at that no book within the limits has."""
    path, target = ("sizing", "gross_target"), sizing.gross_target
    if target > _ceiling(limits):
        yield Problem(
            path,
            target,
            f"at most the largest gross exposure ({_ceiling(limits):g})",
            "The weights cannot be met: lower gross_target, or raise max_gross and max_leverage.",
        )
    reserve = limits.min_cash_reserve or 0.0
    # Where nothing is short the sum of the weights is the gross exposure, and cash is the rest.
    if reserve > 0.0 and not sizing.allow_short and _above(target, 1.0 - reserve):
        yield Problem(
            path,
            target,
            f"at most 1 - limits.min_cash_reserve ({1.0 - reserve:g}, with min_cash_reserve: {reserve:g})",
            "The weights cannot be met beside the cash: lower gross_target or min_cash_reserve.",
        )
    if limits.max_position is None or limits.max_positions is None:
        return
    largest = limits.max_position * limits.max_positions
    if _above(target, largest):
        yield Problem(
            path,
            target,
            f"at most limits.max_position ({limits.max_position:g}) x limits.max_positions ({limits.max_positions}), "
            f"which is {largest:g}",
            "So few positions of this size cannot add up to it: lower gross_target, or raise one of the two limits.",
        )


def _above(value: float, bound: float) -> bool:
    """Above, and not by the rounding of decimal numbers alone."""
    return value > bound * (1.0 + 1e-12)


def in_exits(exits: Exits) -> Iterator[Problem]:
    """The cooldown belongs to bar_until: bars, and to it alone."""
    if exits.bar_until is BarUntil.BARS and exits.cooldown_bars == 0:
        yield Problem(("exits", "cooldown_bars"), 0, "1 or more with bar_until: bars", "Give the number of bars.")
    if exits.bar_until is not BarUntil.BARS and exits.cooldown_bars > 0:
        yield Problem(
            ("exits", "cooldown_bars"),
            exits.cooldown_bars,
            f"0 with bar_until: {exits.bar_until.name.lower()}",
            "Write bar_until: bars, or leave cooldown_bars out.",
        )


def in_rebalance(rebalance: Rebalance) -> Iterator[Problem]:
    """A band has two ends."""
    if rebalance.risk_band is not None and not 0.0 <= rebalance.risk_band[0] < rebalance.risk_band[1]:
        yield Problem(
            ("rebalance", "risk_band"),
            list(rebalance.risk_band),
            "[low, high] with 0 <= low < high",
            "Put the smaller volatility first.",
        )


def in_commission(commission: CommissionSection) -> Iterator[Problem]:
    """Tiers without gap or overlap, and a floor below the ceiling."""
    path: tuple[str | int, ...] = ("execution", "commission")
    if commission.min_fee is not None and commission.max_fee is not None and commission.min_fee > commission.max_fee:
        yield Problem(
            (*path, "min_fee"),
            commission.min_fee,
            f"at most max_fee ({commission.max_fee:g})",
            "Lower min_fee or raise max_fee.",
        )
    tiers = commission.tiered_rates
    if commission.model is Commission.TIERED and not tiers:
        yield Problem((*path, "tiered_rates"), [], "at least one tier with model: tiered", "List the tiers.")
    end: float | None = 0.0
    for index, tier in enumerate(tiers):
        here = (*path, "tiered_rates", index)
        if end is None:
            yield Problem(
                (*here, "min_volume"),
                tier.min_volume,
                "absent: the tier before it has no upper end",
                "Give the earlier tier its max_volume, or drop this one.",
            )
            return
        if tier.min_volume != end:
            kind = "a gap" if tier.min_volume > end else "an overlap"
            yield Problem(
                (*here, "min_volume"),
                tier.min_volume,
                f"{end:g}, where the tier before it ends",
                f"There is {kind} between the tiers: tiers are [min_volume, max_volume).",
            )
        if tier.max_volume is not None and tier.max_volume <= tier.min_volume:
            yield Problem(
                (*here, "max_volume"),
                tier.max_volume,
                f"above min_volume ({tier.min_volume:g})",
                "A tier needs a width.",
            )
        end = tier.max_volume
    if tiers and end is not None:
        yield Problem(
            (*path, "tiered_rates", len(tiers) - 1, "max_volume"),
            end,
            "null: the last tier is open",
            "Volumes beyond it would have no rate: write max_volume: null.",
        )
