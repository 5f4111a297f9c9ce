-- What a caller must not do ends the process, in builds that check invariants.
SELECT what, cql_aborts(what) FROM (VALUES ('empty scalar as text'), ('null as text'), ('element of a scalar')) AS v (what);
