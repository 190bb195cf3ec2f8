"""From ranked points to units: the point, list, section or note that answers, in the right size."""
