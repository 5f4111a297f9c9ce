/*
 * cql/range.h
 *	  Ranges of tokens, to read a table in parts.
 *
 * Pure; any thread.
 */
#ifndef CQL_RANGE_H
#define CQL_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * token(key) > above AND token(key) <= upto. CQL's ranges do not wrap around, and
 * INT64_MIN as upper bound would mean none: no range has it. No key's token is
 * INT64_MIN, so a range above it loses nothing.
 */
typedef struct CqlTokenRange
{
	int64_t		above;
	int64_t		upto;
} CqlTokenRange;

/*
 * Cut all tokens into about want ranges: disjoint, without gaps, each a like part
 * of the whole as far as the ring allows. No range spans one of the ring's
 * tokens (ascending); merge: it may, so that there are want ranges at most. out
 * has room for ntokens + 1 + want. Returns how many there are.
 */
extern size_t cql_range_cut(const int64_t *token, size_t ntokens, size_t want, bool merge, CqlTokenRange *out);

/*
 * Cut ranges (ascending, n of them) where tokens (ascending) lie within. out has room for n + ntokens. Returns how many
 * there are.
 */
extern size_t cql_range_split(const CqlTokenRange *range, size_t n, const int64_t *token, size_t ntokens, CqlTokenRange *out);

/*
 * Put them into an order in which neighbours are far apart, so that those that are
 * read at once are not all of one node.
 */
extern void cql_range_spread(const CqlTokenRange *range, size_t n, CqlTokenRange *out);

#endif							/* CQL_RANGE_H */
