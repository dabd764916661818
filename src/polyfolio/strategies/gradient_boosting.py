"""Small trees, each fitted to what those before it left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.learned import SPACE, LearnedStrategy, scikit_learn


class GradientBoosting(LearnedStrategy):
    """Forward returns from features by gradient boosting of scikit-learn, refitted as it goes.

    Args:
        features: as a configuration writes them; None takes a handful of returns, places in a window and volatility.
        target: "sign" or "size" of the forward return.
        horizon: rows of the forward return.
        refit: rows between two fits.
        first: row of the first fit.
        window: rows back from a fit that are learned from; None takes all.
        embargo: rows between the last return learned from and the fit.
        threshold: absolute signals below it are 0.
        long_short: False leaves out signals below 0.
        seed: of the model's random numbers.
        rounds: trees.
        rate: share of a tree that is added.
        depth: of a tree.
        subsample: share of the samples each tree sees.
    """

    space: ClassVar[Mapping[str, Any]] = {
        **SPACE,
        "rounds": {"low": 10, "high": 300, "log": True, "whole": True},
        "rate": {"low": 0.01, "high": 0.3, "log": True},
        "depth": {"low": 1, "high": 5, "whole": True},
        "subsample": {"low": 0.3, "high": 1.0},
    }

    def __init__(  # noqa: PLR0913 - each is a key of a configuration
        self,
        *,
        features: Sequence[Any] | None = None,
        target: str = "sign",
        horizon: int = 5,
        refit: int = 60,
        first: int = 250,
        window: int | None = None,
        embargo: int = 0,
        threshold: float = 0.05,
        long_short: bool = True,
        seed: int = 0,
        rounds: int = 50,
        rate: float = 0.1,
        depth: int = 2,
        subsample: float = 0.7,
    ) -> None:
        super().__init__(
            features=features,
            target=target,
            horizon=horizon,
            refit=refit,
            first=first,
            window=window,
            embargo=embargo,
            threshold=threshold,
            long_short=long_short,
            seed=seed,
        )
        self.rounds = rounds
        self.rate = rate
        self.depth = depth
        self.subsample = subsample

    def model(self) -> Any:
        """Boosted trees."""
        at_least("rounds", self.rounds, 1)
        at_least("depth", self.depth, 1)
        for name in ("rate", "subsample"):
            if not 0.0 < finite(name, getattr(self, name)) <= 1.0:
                raise ConfigError(name, getattr(self, name), "above 0, at most 1", "Correct the argument.")
        kind = scikit_learn("GradientBoostingClassifier" if self.target == "sign" else "GradientBoostingRegressor")
        return kind(
            n_estimators=self.rounds,
            learning_rate=self.rate,
            max_depth=self.depth,
            subsample=self.subsample,
            random_state=self.seed,
        )
