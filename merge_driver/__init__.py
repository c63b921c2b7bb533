"""The shopping street's side: takes encrypted merge files and hands each record on exactly once."""
