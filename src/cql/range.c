/*
 * cql/range.c
 *	  Cutting a token ring.
 *
 * Thread: any; pure functions.
 * Owns: nothing.
 * Invariants: the ring's tokens ascend; no range is empty, and the room that the
 * header asks for is enough. Widths and steps are unsigned: the ring is 2^64 - 1
 * tokens wide.
 */
#include "cql/range.h"

#include "cql/invariant.h"

static uint64_t
width(int64_t above, int64_t upto)
{
	return (uint64_t) upto - (uint64_t) above;
}

/* pieces ranges of like width. Returns how many. */
static size_t
put_pieces(int64_t above, int64_t upto, uint64_t pieces, CqlTokenRange *out)
{
	uint64_t	whole = width(above, upto) / pieces;
	uint64_t	rest = width(above, upto) % pieces;
	int64_t		from = above;

	for (uint64_t i = 1; i <= pieces; i++)
	{
		int64_t		to = (int64_t) ((uint64_t) above + whole * i + rest * i / pieces);

		CORE_ASSERT(from < to);
		out[i - 1] = (CqlTokenRange) {from, to};
		from = to;
	}
	return pieces;
}

/* How many steps fit, to the nearest; at least one, and never more than there are tokens. */
static uint64_t
pieces_of(uint64_t w, uint64_t step)
{
	uint64_t	pieces = w / step + (w % step > step / 2);

	return pieces > 0 ? pieces : 1;
}

size_t
cql_range_cut(const int64_t *token, size_t ntokens, size_t want, bool merge, CqlTokenRange *out)
{
	uint64_t	step = UINT64_MAX / (want > 0 ? want : 1);
	int64_t		above = INT64_MIN;
	size_t		n = 0;

	for (size_t i = 0; i < ntokens; i++)
	{
		CORE_ASSERT(above <= token[i]);
		if (width(above, token[i]) == 0 || (merge && width(above, token[i]) < step))
			continue;
		n += put_pieces(above, token[i], merge ? 1 : pieces_of(width(above, token[i]), step), out + n);
		above = token[i];
	}
	if (above < INT64_MAX)
		n += put_pieces(above, INT64_MAX, merge ? 1 : pieces_of(width(above, INT64_MAX), step), out + n);
	CORE_ASSERT(n <= ntokens + 1 + want);
	return n;
}

size_t
cql_range_split(const CqlTokenRange *range, size_t n, const int64_t *token, size_t ntokens, CqlTokenRange *out)
{
	size_t		made = 0;
	size_t		at = 0;

	for (size_t i = 0; i < n; i++)
	{
		CqlTokenRange rest = range[i];

		CORE_ASSERT(rest.above < rest.upto && (i == 0 || range[i - 1].upto <= rest.above));
		while (at < ntokens && token[at] <= rest.above)
			at++;
		for (; at < ntokens && token[at] < rest.upto; at++)
		{
			out[made++] = (CqlTokenRange) {rest.above, token[at]};
			rest.above = token[at];
		}
		out[made++] = rest;
	}
	return made;
}

static size_t
common_divisor(size_t a, size_t b)
{
	while (b > 0)
	{
		size_t		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The number nearest to the golden section of n by which all n places are reached. */
static size_t
stride_of(size_t n)
{
	size_t		golden = n * 618 / 1000;

	for (size_t off = 0;; off++)
	{
		if (common_divisor(golden + off, n) == 1)
			return golden + off;
		if (golden > off && common_divisor(golden - off, n) == 1)
			return golden - off;
	}
}

void
cql_range_spread(const CqlTokenRange *range, size_t n, CqlTokenRange *out)
{
	size_t		stride = stride_of(n);
	size_t		at = 0;

	for (size_t i = 0; i < n; i++)
	{
		out[i] = range[at];
		at = (at + stride) % n;
	}
}
