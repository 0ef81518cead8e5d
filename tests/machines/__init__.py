"""More machines than one, played on loopback by real parts: replicas, PgBouncer, several hosts, a bucket, a CDN."""
