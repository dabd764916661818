"""Online portfolio selection: tomorrow's weights from the price relatives up to today, no forecast of their law."""
