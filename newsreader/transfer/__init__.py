"""Moving house, in and out: a file of another system to records, records to rows, and a report of it all."""
