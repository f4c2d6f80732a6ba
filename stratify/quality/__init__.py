"""Quality targets: who counts, who meets the target, for whom nobody can tell, and what that says of the standard."""
