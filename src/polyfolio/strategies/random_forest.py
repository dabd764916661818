"""A forest of trees that vote on what rises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from polyfolio.rules.arguments import at_least
from polyfolio.strategies.learned import SPACE, LearnedStrategy, scikit_learn


class RandomForest(LearnedStrategy):
    """Forward returns from features by a random forest of scikit-learn, refitted as it goes.

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
        trees: of the forest.
        depth: of a tree.
        leaf: least samples in a leaf.
    """

    space: ClassVar[Mapping[str, Any]] = {
        **SPACE,
        "trees": {"low": 20, "high": 500, "log": True, "whole": True},
        "depth": {"low": 2, "high": 10, "whole": True},
        "leaf": {"low": 1, "high": 50, "log": True, "whole": True},
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
        trees: int = 50,
        depth: int = 4,
        leaf: int = 5,
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
        self.trees = trees
        self.depth = depth
        self.leaf = leaf

    def model(self) -> Any:
        """A forest on one core, so that its numbers do not depend on the machine."""
        for name in ("trees", "depth", "leaf"):
            at_least(name, getattr(self, name), 1)
        kind = scikit_learn("RandomForestClassifier" if self.target == "sign" else "RandomForestRegressor")
        return kind(
            n_estimators=self.trees,
            max_depth=self.depth,
            min_samples_leaf=self.leaf,
            max_features="sqrt",
            random_state=self.seed,
            n_jobs=1,
        )
