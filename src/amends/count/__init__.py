"""Count: from raw logs to the exposed accounts, with bounds that anyone can check."""
