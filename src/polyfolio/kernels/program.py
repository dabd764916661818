"""The program: a lane's stages by their codes.

Swapping a stage needs no compilation, and lanes with different programs run in one call.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import (
    CorrelationRule,
    DrawdownAction,
    Event,
    Level,
    Reason,
    Stage,
    Status,
    VarMethod,
    Warmup,
)
from polyfolio.kernels.caps import cap_labels, cap_position, cap_position_risk, min_position, no_short, reduce_only
from polyfolio.kernels.certificate import certify
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.correlation import damp, drop
from polyfolio.kernels.counts import cap_counts, largest_first
from polyfolio.kernels.equation import cost_to_reach, value_holdings
from polyfolio.kernels.extension import extension_stage
from polyfolio.kernels.feedback import feedback
from polyfolio.kernels.hedging import hedge
from polyfolio.kernels.lanes import bar_at, lane_at, risk_at
from polyfolio.kernels.note import note, note_status
from polyfolio.kernels.projection import project
from polyfolio.kernels.rebalancing import worth_trading
from polyfolio.kernels.relief import scale_to_limits
from polyfolio.kernels.risk import forget_risk, stop_keeping_risk
from polyfolio.kernels.scale import scale_tradable
from polyfolio.kernels.selecting import keep_trades, keep_turnover

_END = int(Stage.END)
_SIZE = int(Stage.SIZE)
_FILTER = int(Stage.FILTER)
_CAP_POSITION = int(Stage.CAP_POSITION)
_CAP_POSITION_RISK = int(Stage.CAP_POSITION_RISK)
_CAP_LABEL = int(Stage.CAP_LABEL)
_CAP_COUNT = int(Stage.CAP_COUNT)
_MIN_POSITION = int(Stage.MIN_POSITION)
_CORRELATION = int(Stage.CORRELATION)
_FEEDBACK = int(Stage.FEEDBACK)
_HEDGE = int(Stage.HEDGE)
_DRAWDOWN = int(Stage.DRAWDOWN)
_DAILY_LOSS = int(Stage.DAILY_LOSS)
_SELECT = int(Stage.SELECT)
_SCALE = int(Stage.SCALE)
_PROJECT = int(Stage.PROJECT)
_REBALANCE = int(Stage.REBALANCE)
_EXTENSION = int(Stage.EXTENSION)
_FULL = int(Level.FULL)
_CUT = int(Event.CUT)
_HOLD = int(Event.HOLD)
_DROP = int(CorrelationRule.DROP)
_REDUCE_ACTION = int(DrawdownAction.REDUCE)
_BLOCK = int(Warmup.BLOCK)
_PARAMETRIC = int(VarMethod.PARAMETRIC)
_LIVE = int(Status.LIVE)
_REDUCE_ONLY = int(Status.REDUCE_ONLY)
_HALTED = int(Status.HALTED)
_TERMINATED = int(Status.TERMINATED)

_NO_SHORTING = int(Reason.NO_SHORTING)
_MAX_POSITION = int(Reason.MAX_POSITION)
_MAX_POSITION_RISK = int(Reason.MAX_POSITION_RISK)
_MAX_POSITION_VALUE = int(Reason.MAX_POSITION_VALUE)
_TURNOVER = int(Reason.TURNOVER)
_MAX_TRADES = int(Reason.MAX_TRADES)
_MAX_LABEL = int(Reason.MAX_LABEL)
_MAX_POSITIONS = int(Reason.MAX_POSITIONS)
_MIN_POSITION_REASON = int(Reason.MIN_POSITION)
_CORRELATION_REASON = int(Reason.CORRELATION)
_FEEDBACK_REASON = int(Reason.FEEDBACK)
_HEDGE_REASON = int(Reason.HEDGE)
_MAX_DRAWDOWN = int(Reason.MAX_DRAWDOWN)
_MAX_DAILY_LOSS = int(Reason.MAX_DAILY_LOSS)
_WARMUP_REASON = int(Reason.WARMUP)
_PROJECTION = int(Reason.PROJECTION)
_FALLBACK = int(Reason.FALLBACK)
_EXTENSION_REASON = int(Reason.EXTENSION)


@kernel
def note_changes(lane: Any, bar: Any, s: Any, log: Any, stage: int, reason: int) -> None:
    """One CUT row for every slot whose want the stage changed; `s.before` follows."""
    if lane.rules.level < _FULL:
        return
    for i in range(s.want.size):
        if s.want[i] != s.before[i]:
            note(lane, bar.row, log, i, _CUT, reason, stage, s.before[i], s.want[i])
            s.before[i] = s.want[i]


@kernel
def set_status(lane: Any, bar: Any, log: Any, status: int, reason: int) -> None:
    """Change the lane's status and say so."""
    if lane.account.status != status:
        lane.account.status = status
        note_status(lane, bar, log, reason)


@kernel
def limit_drawdown(lane: Any, bar: Any, s: Any, log: Any) -> int:
    """The action at a drawdown of max_drawdown.

    `reduce` lets gross exposure only fall until the drawdown has halved, `flatten` and `terminate` close everything
    for good. The scale is bound / value, the bound being the gross that is held.
    """
    account = lane.account
    bound = lane.rules.max_drawdown
    if not -account.drawdown < bound:
        if lane.rules.drawdown_action == _REDUCE_ACTION:
            if account.status == _LIVE:
                set_status(lane, bar, log, _REDUCE_ONLY, _MAX_DRAWDOWN)
        else:
            set_status(lane, bar, log, _TERMINATED, _MAX_DRAWDOWN)
    elif account.status == _REDUCE_ONLY and -account.drawdown <= 0.5 * bound:
        set_status(lane, bar, log, _LIVE, _MAX_DRAWDOWN)
    if account.status == _TERMINATED:
        for i in range(s.want.size):
            if s.frozen[i] == 0 or bar.tradable[i] != 0:
                s.want[i] = 0.0
                s.frozen[i] = 0
    elif account.status == _REDUCE_ONLY:
        gross = 0.0
        held = 0.0
        for i in range(s.want.size):
            if s.frozen[i] == 0:
                gross += abs(s.want[i])
                held += abs(s.weight[i])
        if gross > held:
            scale_tradable(s.want, s.frozen, held / gross)
    return _MAX_DRAWDOWN


@kernel
def limit_daily_loss(lane: Any, bar: Any, s: Any, log: Any) -> int:
    """Equity now, open positions included, against equity at the day's start: on breach no new risk until tomorrow."""
    account = lane.account
    breach = account.day_equity > 0.0 and not account.equity >= account.day_equity * (1.0 - lane.rules.max_daily_loss)
    if breach and account.status == _LIVE:
        set_status(lane, bar, log, _HALTED, _MAX_DAILY_LOSS)
    if breach or account.status == _HALTED:
        reduce_only(s.want, s.weight, s.frozen)
    return _MAX_DAILY_LOSS


@kernel
def scale_book(lane: Any, bar: Any, risk: Any, s: Any, log: Any) -> int:
    """The certified scale. Where a limit has no value yet, warm-up `block` lets no new risk in."""
    rules = lane.rules
    account = lane.account
    if rules.warmup == _BLOCK and asks_statistics(rules) and block_unknown(s, risk, rules):
        note_changes(lane, bar, s, log, _SCALE, _WARMUP_REASON)
    account.scale = scale_to_limits(s.want, s.weight, s.frozen, risk, rules, account.scale, s.a, s.b, s.out, s.codes)
    reason = s.codes[0]
    if s.codes[1] != 0 and rules.warmup == _BLOCK:
        note_changes(lane, bar, s, log, _SCALE, reason)
        reduce_only(s.want, s.weight, s.frozen)
        return _WARMUP_REASON
    return reason


@routine
def hold_reason(at: Any, index: int, row: int) -> int:
    """0 to trade, else the reason to hold the book: the rebalancing rules, judged on the certified want."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    risk = risk_at(at, index, row)
    s = at.s
    rules = lane.rules
    cost = 0.0
    if rules.cost_aware:
        equity = value_holdings(lane, s, bar.mark, bar.unit)
        cost = cost_to_reach(lane, s, equity, bar.mark, bar.unit, bar.spread, bar.base_volume, bar.sigma) / equity
    for i in range(s.trial.size):
        s.trial[i] = s.weight[i]
    _, breaches = certify(s.trial, s.frozen, risk, lane.labels, lane.caps, rules, s.certificate)
    if worth_trading(s.want, s.weight, s.frozen, cost, breaches, risk, rules, s.a, s.codes) != 0:
        return 0
    return s.codes[0]


@kernel
def select_trades(lane: Any, bar: Any, s: Any) -> int:
    """The trades a decision may make: at most so many openings, then at most so much turnover."""
    rules = lane.rules
    if rules.max_trades < math.inf:
        keep_trades(s.want, s.weight, s.frozen, rules.max_trades, lane.rank, s.order, s.trial, s.a)
        note_changes(lane, bar, s, lane.at.log, _SELECT, _MAX_TRADES)
    keep_turnover(s.want, s.weight, s.frozen, rules.max_turnover, lane.rank, s.order, s.trial, s.a)
    return _TURNOVER


@kernel
def project_book(lane: Any, bar: Any, risk: Any, s: Any, log: Any) -> int:
    """The nearest feasible want; the certified scale follows it and takes over where the solver gives up."""
    rounds = project(s.want, s.frozen, risk, lane.labels, lane.caps, lane.rules, s.projection)
    note_changes(lane, bar, s, log, _PROJECT, _PROJECTION if rounds >= 0 else _FALLBACK)
    return scale_book(lane, bar, risk, s, log)


@kernel
def asks_statistics(rules: Any) -> bool:
    """Whether some limit needs a statistic that a new name does not have."""
    tail_on = rules.max_var < math.inf or rules.max_es < math.inf
    return tail_on or rules.max_volatility < math.inf or rules.max_position_risk < math.inf


@kernel
def unknown_risk(risk: Any, rules: Any, slot: int) -> bool:
    """Whether a limit that is on needs a statistic that the slot does not have yet."""
    tail_on = rules.max_var < math.inf or rules.max_es < math.inf
    sampled = tail_on and rules.var_method != _PARAMETRIC
    if sampled and 0 < risk.length <= risk.end:
        first = risk.returns[slot, risk.end - risk.length]
        if not (first == first):
            return True
    model_on = rules.max_volatility < math.inf or rules.max_position_risk < math.inf
    return (model_on or (tail_on and not sampled)) and not (risk.sigma[slot] == risk.sigma[slot])


@kernel
def block_unknown(s: Any, risk: Any, rules: Any) -> bool:
    """No new risk in names without a statistic that a limit needs; returns whether there were any."""
    any_unknown = False
    for i in range(s.want.size):
        if s.frozen[i] == 0 and s.want[i] != 0.0 and unknown_risk(risk, rules, i):
            s.want[i] = min(max(s.want[i], min(s.weight[i], 0.0)), max(s.weight[i], 0.0))
            any_unknown = True
    return any_unknown


@kernel
def extend_want(code: int, lane: Any, bar: Any, risk: Any, s: Any) -> None:
    """A third party's stage. What is frozen stays as it is, and so does a want it makes infinite or NaN."""
    for i in range(s.want.size):
        s.a[i] = s.want[i]
    extension_stage(code, s.want, lane, bar, risk)
    for i in range(s.want.size):
        if s.frozen[i] != 0 or not (abs(s.want[i]) < math.inf):
            s.want[i] = s.a[i]


@kernel
def cap_names(code: int, lane: Any, bar: Any, risk: Any, s: Any, log: Any) -> int:
    """The caps that look at labels, at counts and at the risk of a single name."""
    rules = lane.rules
    if code == _CAP_POSITION_RISK:
        unknown = cap_position_risk(s.want, risk.sigma, rules.periods_per_year, rules.max_position_risk, s.frozen)
        if unknown > 0 and rules.warmup == _BLOCK:
            note_changes(lane, bar, s, log, code, _MAX_POSITION_RISK)
            block_unknown(s, risk, rules)
            return _WARMUP_REASON
        return _MAX_POSITION_RISK
    largest_first(s.want, lane.rank, s.order, s.a)
    if code == _CAP_LABEL:
        cap_labels(s.want, lane.labels, lane.caps, rules, s.order, s.frozen)
        return _MAX_LABEL
    cap_counts(s.want, s.order, rules.max_long_positions, rules.max_short_positions, rules.max_positions, s.frozen)
    return _MAX_POSITIONS


@routine
def run_book_stage(at: Any, index: int, row: int, code: int) -> int:
    """The stages that look at more than one name's want. They are called, so that the common path stays small."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    risk = risk_at(at, index, row)
    s = at.s
    rules = lane.rules
    if code == _CAP_LABEL or code == _CAP_COUNT or code == _CAP_POSITION_RISK:
        return cap_names(code, lane, bar, risk, s, at.log)
    if code == _CORRELATION:
        if rules.correlation_rule == _DROP:
            largest_first(s.want, lane.rank, s.order, s.a)
            drop(s.want, risk.correlation, rules.correlation_limit, s.order, s.frozen)
        else:
            damp(s.want, risk.correlation, rules.correlation_limit, rules.adjustment_factor, s.frozen, s.a)
        return _CORRELATION_REASON
    if code == _FEEDBACK:
        feedback(s.want, s.frozen, risk, rules)
        return _FEEDBACK_REASON
    if code == _HEDGE:
        hedge(s.want, s.weight, s.frozen, risk, rules)
        return _HEDGE_REASON
    if code == _DRAWDOWN:
        return limit_drawdown(lane, bar, s, at.log)
    if code == _DAILY_LOSS:
        return limit_daily_loss(lane, bar, s, at.log)
    if code == _SELECT:
        return select_trades(lane, bar, s)
    if code == _PROJECT:
        return project_book(lane, bar, risk, s, at.log)
    if code >= _EXTENSION:
        extend_want(code, lane, bar, risk, s)
        return _EXTENSION_REASON
    return 0


@kernel
def run_stage(code: int, lane: Any, bar: Any, s: Any) -> int:
    """One stage on `s.want`; returns the reason behind what it changed."""
    rules = lane.rules
    if code == _FILTER:
        if rules.allow_short == 0:
            no_short(s.want, s.frozen)
        return _NO_SHORTING
    if code == _CAP_POSITION:
        if rules.max_position_value < math.inf:
            cap_position(s.want, rules.max_position_value / lane.account.equity, s.frozen)
            note_changes(lane, bar, s, lane.at.log, code, _MAX_POSITION_VALUE)
        cap_position(s.want, rules.max_position, s.frozen)
        return _MAX_POSITION
    if code == _MIN_POSITION:
        min_position(s.want, rules.min_position, s.frozen)
        return _MIN_POSITION_REASON
    if code == _SCALE:
        return run_scale(lane.at, lane.index, bar.row)
    return run_book_stage(lane.at, lane.index, bar.row, code)


@routine
def run_scale(at: Any, index: int, row: int) -> int:
    """The certified scale, which nearly every program ends with."""
    lane = lane_at(at, index, row)
    return scale_book(lane, bar_at(at, row), risk_at(at, index, row), at.s, at.log)


@kernel
def run_stages(lane: Any, bar: Any, s: Any, log: Any, first: int, last: int) -> bool:
    """Stages first..last-1 of the lane's program. Returns whether to trade: a rebalancing rule may hold the book."""
    forget_risk(s.known)
    for k in range(first, min(last, lane.program.size)):
        code = lane.program[k]
        if code == _END:
            break
        if code == _SIZE:
            continue  # it stands first and has been done
        if code == _REBALANCE:
            reason = hold_reason(lane.at, lane.index, bar.row)
            if reason != 0:
                note(lane, bar.row, log, -1, _HOLD, reason, code, 0.0, 0.0)
                stop_keeping_risk(s.known)
                return False
            continue
        reason = run_stage(code, lane, bar, s)
        note_changes(lane, bar, s, log, code, reason)
    stop_keeping_risk(s.known)
    return True
