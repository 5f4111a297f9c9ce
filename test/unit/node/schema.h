/*
 * schema.h
 *	  The tables of node_test and table_test, for node_start.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

static const char schema[] =
"keyspace ks simple 1\n"
"type ks.address (street text, zip int)\n"
"table ks.t (id int PRIMARY KEY, s text, n int)\n"
"table ks.w (a int, b text, c int, d int static, PRIMARY KEY ((a, b), c)) WITH CLUSTERING ORDER BY (c DESC)\n"
"table ks.k (id int PRIMARY KEY, n counter)\n"
"table ks.all (id int PRIMARY KEY, l list<int>, m map<text, int>, u frozen<address>, v vector<float, 2>, "
"d decimal, b blob, i inet)\n"
"row ks.t (1, 'it''s', null)\n"
"row ks.all (1, [1, 2], {'a': 1}, {street: 'x', zip: 7}, [1.5, 2], 1.50, 0xcafe, '::1')\n";

#endif							/* SCHEMA_H */
