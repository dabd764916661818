"""The integer codes that stand in compiled code, one enum per idea, each name the word used everywhere else."""

from __future__ import annotations

from enum import IntEnum


class Commission(IntEnum):
    NONE = 0
    FIXED = 1
    PERCENTAGE = 2
    TIERED = 3
    FIXED_PERCENTAGE = 4
    PER_UNIT = 5


class TierMode(IntEnum):
    MARGINAL = 0
    BRACKET = 1


class VolumeUnit(IntEnum):
    UNITS = 0
    NOTIONAL = 1


class VolumeBasis(IntEnum):
    PER_TRADE = 0
    CUMULATIVE = 1


class Slippage(IntEnum):
    NONE = 0
    PERCENTAGE = 1
    LINEAR = 2
    SQUARE_ROOT = 3
    VOLUME_SHARE = 4


class Impact(IntEnum):
    NONE = 0
    LINEAR = 1
    SQUARE_ROOT = 2
    PERMANENT_TEMPORARY = 3


class ParticipationBase(IntEnum):
    TRAILING = 0
    BAR = 1


class FillAt(IntEnum):
    NEXT_OPEN = 0
    NEXT_CLOSE = 1
    NEXT_TYPICAL = 2
    SAME_CLOSE = 3


class SizeAt(IntEnum):
    DECISION = 0
    FILL = 1


class OrderType(IntEnum):
    MARKET = 0
    LIMIT = 1
    STOP = 2
    STOP_LIMIT = 3


class TimeInForce(IntEnum):
    DAY = 0
    GTC = 1
    IOC = 2
    FOK = 3


class Schedule(IntEnum):
    """How an order is worked over bars (`execution.schedule`)."""

    NONE = 0
    TWAP = 1  # equal parts
    VWAP = 2  # parts by the volume expected at each time of the day
    POV = 3  # a share of each bar's volume
    ALMGREN_CHRISS = 4  # least sum of impact and risk


class Sizing(IntEnum):
    """How signals become wanted weights."""

    WEIGHTS = 0  # the signal is the weight
    EQUAL_WEIGHT = 1
    SIGNAL_STRENGTH = 2
    INVERSE_VOLATILITY = 3
    RISK_PARITY = 4
    KELLY = 5
    VOLATILITY_TARGET = 6
    LIFECYCLE = 7
    MIN_VARIANCE = 8
    UNITS = 9  # the signal is a number of units (shares, contracts, coins) to hold
    MONEY = 10  # the signal is an amount of the base currency to hold
    ORDERS = 11  # the signal is a quantity to trade, 0 = no order


class Stage(IntEnum):
    """The stages of a program, in the order in which a default program runs them (KERNELS: stage order)."""

    END = 0
    SIZE = 1
    FILTER = 2  # untradable, barred, no shorting
    CAP_POSITION = 3
    CAP_POSITION_RISK = 4
    CAP_LABEL = 5
    CAP_COUNT = 6
    MIN_POSITION = 7
    CORRELATION = 8
    FEEDBACK = 9
    HEDGE = 10
    DRAWDOWN = 11
    DAILY_LOSS = 12
    SELECT = 16  # turnover and number of trades of a decision: reductions pass, the largest openings come first
    SCALE = 13  # net, gross, leverage, cash reserve, volatility, VaR, ES: the largest feasible scale
    PROJECT = 14
    REBALANCE = 15  # threshold, risk band, cost-aware: may hold the book
    EXTENSION = 1000  # third parties' stages count from here


class Reason(IntEnum):
    """Why something was cut, refused, filled or closed. Append only: journals keep the numbers."""

    NONE = 0
    SIGNAL = 1
    NOT_REBALANCE_BAR = 2
    UNTRADABLE = 3
    BARRED = 4
    NO_SHORTING = 5
    MAX_POSITION = 6
    MAX_POSITION_RISK = 7
    MAX_LABEL = 8
    MAX_LONG_POSITIONS = 9
    MAX_SHORT_POSITIONS = 10
    MAX_POSITIONS = 11
    MIN_POSITION = 12
    MIN_NOTIONAL = 13
    CORRELATION = 14
    FEEDBACK = 15
    HEDGE = 16
    MAX_DRAWDOWN = 17
    MAX_DAILY_LOSS = 18
    MAX_NET = 19
    MAX_GROSS = 20
    MAX_LEVERAGE = 21
    MIN_CASH_RESERVE = 22
    MAX_VOLATILITY = 23
    MAX_VAR = 24
    MAX_ES = 25
    FROZEN = 26
    WARMUP = 27
    PROJECTION = 28
    THRESHOLD = 29
    RISK_BAND = 30
    NOT_WORTH_COST = 31
    LOT = 32
    BUYING_POWER = 33
    PARTICIPATION = 34
    NO_VOLUME = 35
    MAX_SLIPPAGE = 36
    MARKET_IMPACT = 37
    LIMIT_NOT_REACHED = 38
    EXPIRED = 39
    FILL_OR_KILL = 40
    REPLACED = 41
    STOP_LOSS = 42
    TAKE_PROFIT = 43
    TRAILING_STOP = 44
    LIQUIDATION = 45
    RUINED = 46
    SPLIT_CASH = 47
    GROUP_LIMIT = 48
    RISK_SPEED = 49
    TARGET_VOLATILITY = 50
    KELLY_FLOOR = 51
    TARGET_RISK = 52
    EXTENSION = 53
    END_OF_RUN = 54
    FALLBACK = 55
    USER_ORDER = 56
    PROTECTED = 57  # the sleeve's own stop or target cancelled a working order
    MIN_FILL = 58
    MIN_NET = 60
    MAX_POSITION_VALUE = 61
    TURNOVER = 62
    MAX_TRADES = 63
    SCHEDULE = 64  # the rest of an order waits for its next part
    TRANSFER = 65  # capital moved between portfolios
    RETIRED = 66  # the portfolio was taken out of the run


class Event(IntEnum):
    """What a journal row tells."""

    SIGNAL = 1  # before = signal, after = want after sizing
    CUT = 2  # before, after = want around a stage; reason = what cut it
    ORDER = 3  # before = held quantity, after = ordered quantity
    REFUSED = 4  # before = wanted quantity, after = what is left
    LIMIT = 5  # certificate: before = value, after = bound; reason = the limit
    HOLD = 6  # the lane holds its book at this bar; slot = -1
    STATUS = 7  # the lane changed its status; after = new status
    FLOW = 9  # capital reached or left the lane; slot = -1, after = money
    CARRY = 8  # corporate action or carry on a slot; after = money or ratio


class Status(IntEnum):
    LIVE = 0
    REDUCE_ONLY = 1  # drawdown breach: gross exposure may only fall
    HALTED = 2  # daily loss: no new risk until the next day
    LIQUIDATING = 3
    RUINED = 4
    TERMINATED = 5  # drawdown action `terminate`, or flattened for good
    RETIRED = 6  # taken out of the run: sells out and ends


class DrawdownAction(IntEnum):
    REDUCE = 0
    FLATTEN = 1
    TERMINATE = 2


class VarMethod(IntEnum):
    HISTORICAL = 0
    PARAMETRIC = 1
    CORNISH_FISHER = 2


class Covariance(IntEnum):
    SAMPLE = 0
    EWMA = 1
    LEDOIT_WOLF = 2
    GARCH = 3  # constant correlation with GARCH(1,1) volatilities fitted beforehand


class CorrelationRule(IntEnum):
    DAMP = 0
    DROP = 1


class Warmup(IntEnum):
    BLOCK = 0
    PARAMETRIC = 1
    PASS = 2


class Projection(IntEnum):
    SCALE = 0
    QP = 1


class BarUntil(IntEnum):
    SIGNAL_CHANGE = 0
    BARS = 1
    NEVER = 2  # no cooldown


class Period(IntEnum):
    """Bits of `tape.starts`: this row is the first bar of a ..."""

    MINUTE = 1
    HOUR = 2
    DAY = 4
    WEEK = 8
    MONTH = 16


class Phase(IntEnum):
    """Bits that choose what the walk does at a row, so that one compiled entry serves every driver."""

    FILL = 1  # open and intrabar phases of the row: carry, stops, orders
    MARK = 2
    DECIDE = 4
    CLOSE = 8  # the row's books: identity, its mark in the journal


class Guard(IntEnum):
    """What watches a lane's positions."""

    NOTHING = 0
    AVERAGE = 1  # a stop and a target at shares of the average price
    OWN = 2  # trailing stops, or prices of a sleeve's own, as well


class Moment(IntEnum):
    """Where in a bar a fill happened."""

    OPEN = 0
    INTRABAR = 1
    CLOSE = 2


class Level(IntEnum):
    """What the journal keeps: nothing, a row per lane and bar, or every decision, cut and fill."""

    OFF = 0
    SUMMARY = 1
    FULL = 2


class Act(IntEnum):
    """What the numbers of an action mean."""

    WEIGHTS = 0  # target weights of the slots, cash as an own number where `cash` is on
    CHANGES = 1  # changes of the weights held
    SIGNALS = 2  # -1 sell, 0 hold, 1 buy; the sizing method says how much


class Space(IntEnum):
    """How an action is written."""

    BOX = 0
    DISCRETE = 1
    MULTI_DISCRETE = 2


class Simplex(IntEnum):
    """How the numbers of a WEIGHTS action become weights."""

    SOFTMAX = 0  # with shorts: shares of the summed absolute values
    CLIP = 1
    RAW = 2  # taken as weights; only gross above the leverage is scaled


class Reward(IntEnum):
    PORTFOLIO_PNL = 0
    LOG_RETURN = 1
    SHARPE = 2
    DIFFERENTIAL_SHARPE = 3
    SORTINO = 4
    CALMAR = 5
    COMPOSITE = 6
    CUSTOM = 7


class Start(IntEnum):
    """Where an episode begins."""

    FIRST = 0
    RANDOM = 1


class Ended(IntEnum):
    """Why an episode ended."""

    NOT = 0
    END_OF_TAPE = 1  # truncated: no row is left
    LENGTH = 2  # truncated: as many decisions as were asked for
    RUINED = 3  # terminated: equity is gone
    DRAWDOWN = 4  # terminated: drawdown with action `terminate`, or flattened for good
