"""What staff see: the people nothing reached and why, why somebody was told or not, and what every text looks like."""
