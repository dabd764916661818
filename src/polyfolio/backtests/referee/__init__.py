"""The referee: whether a result is to be believed, asked in ten ways and answered in sentences."""

from polyfolio.backtests.referee.run import Referee, Terms, referee

__all__ = ["Referee", "Terms", "referee"]
