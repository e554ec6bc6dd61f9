"""What was seen of the fleet: lifetimes, recurrences, and the doors by which users' own tables come in."""
