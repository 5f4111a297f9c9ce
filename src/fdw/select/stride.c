/*
 * fdw/select/stride.c
 *	  How far the next request reaches.
 *
 * Backend thread. Owns nothing. Invariants: ranges follow each other from the ring's
 * beginning to its end, each token once; none but the last is shorter than
 * LEAST_STRIDE.
 *
 * The first range is so small that of a table of billions it holds less than a
 * request can count. Every round, as many requests as are under way at once, is
 * timed, and the next one's ranges are longer, or shorter. A small table is done
 * after a few rounds.
 */
#include "postgres.h"

#include "portability/instr_time.h"

#include "fdw/select/stride.h"

#define FIRST_STRIDE (UINT64_C(1) << 50)	/* 1/16384 of the ring */
#define LEAST_STRIDE (UINT64_C(1) << 40)
#define QUICK_MS 50				/* four times as long, then */
#define GOOD_MS 400				/* less: twice */
#define SLOW_MS 2000			/* more: half */

struct ScyllaStride
{
	int			at_once;
	int			left;			/* of this round */
	instr_time	begun;			/* the round */
	bool		first;			/* it is the first round */
	int64		above;			/* where the next range begins */
	uint64		length;
};

ScyllaStride *
scyllaMakeStride(int at_once)
{
	ScyllaStride *s = palloc0(sizeof(*s));

	s->at_once = Max(at_once, 1);
	s->first = true;
	s->above = PG_INT64_MIN;
	s->length = FIRST_STRIDE;
	return s;
}

static void
adapt(ScyllaStride *s, double ms)
{
	if (ms < QUICK_MS)
		s->length = Min(s->length, PG_UINT64_MAX / 4) * 4;
	else if (ms < GOOD_MS)
		s->length = Min(s->length, PG_UINT64_MAX / 2) * 2;
	else if (ms > SLOW_MS)
		s->length = Max(s->length / 2, LEAST_STRIDE);
}

static void
begin_round(ScyllaStride *s)
{
	instr_time	now;
	instr_time	took;

	INSTR_TIME_SET_CURRENT(now);
	took = now;
	INSTR_TIME_SUBTRACT(took, s->begun);
	if (!s->first)
		adapt(s, INSTR_TIME_GET_MILLISEC(took));
	s->first = false;
	s->begun = now;
	s->left = s->at_once;
}

bool
scyllaNextStride(ScyllaStride *s, CqlTokenRange *range)
{
	if (s->above == PG_INT64_MAX)
		return false;
	if (s->left == 0)
		begin_round(s);
	s->left--;
	range->above = s->above;
	if (s->length >= (uint64) PG_INT64_MAX - (uint64) s->above)
		range->upto = PG_INT64_MAX;
	else
		range->upto = (int64) ((uint64) s->above + s->length);
	s->above = range->upto;
	return true;
}
