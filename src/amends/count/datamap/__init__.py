"""The data map: which endpoint gives out which field of whom, and the one definition of what a target in a log means."""
