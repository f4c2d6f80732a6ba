"""Need against activity: what each catchment needs, what it gets, and what came before an acute admission."""
