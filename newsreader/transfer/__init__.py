"""Moving house, in and out: files of other systems to records and rows."""
