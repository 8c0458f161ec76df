"""Answer: what was decided, asked and told, each number with the evidence behind it."""
