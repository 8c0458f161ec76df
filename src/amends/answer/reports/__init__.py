"""Reports, one file each: the same input gives the same bytes, and no number is typed in by hand."""
