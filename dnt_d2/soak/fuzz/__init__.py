"""Wrong files for every reader: made from good ones by chance, read in processes that may die."""
