"""`python -m polyfolio`."""

from __future__ import annotations

from polyfolio.cli import main

if __name__ == "__main__":
    main()
