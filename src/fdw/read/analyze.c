/*
 * fdw/read/analyze.c
 *	  A sample of a foreign table, by ranges of tokens.
 *
 * Backend thread. Owns one Sampling per call, in CurrentMemoryContext. Invariants:
 * requests lie in memory that goes with the call, rows of the sample in the caller's;
 * a place of the sample has a row or NULL.
 *
 * Tokens are hashes: a range of them holds that part of all partitions. So the
 * density of rows at a few places all over the ring tells how many rows there are,
 * and ranges of a like width at random places, read whole, hold each row with the
 * same probability, whatever the size of partitions. First a few rows tell how
 * large they are, as nodes read all of a row for its token. Then the density is
 * looked at, by the tokens alone and at most PROBE_ROWS of each range; then the
 * sample's ranges are made as wide as that many rows need, and every row of them
 * has the same chance to stay. A table that is not much larger than its sample is
 * read whole.
 *
 * What the density cannot see: it stops within a partition that has more rows
 * than PROBE_ROWS, so tables of such partitions look smaller than they are, until
 * the sample has read whole ranges.
 *
 * Every row must have the same chance, whatever partition it is in. token(k) > x
 * LIMIT n alone would prefer rows of small partitions, as each place would give n
 * rows. So such requests serve only to find the density.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"

#include "fdw/catalog/ring.h"
#include "fdw/catalog/strong.h"
#include "fdw/compat.h"
#include "fdw/fetch/token_ranges.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/read/analyze.h"
#include "fdw/read/decode.h"
#include "fdw/select/condition.h"
#include "fdw/select/request_list.h"
#include "fdw/session/error.h"
#include "fdw/session/transaction.h"

#define PROBES 32
#define PROBE_ROWS 1000
#define WIDTH_PROBES 4			/* whole rows are read of */
#define WIDTH_ROWS 5
#define SAMPLE_RANGES 128
#define BORDERS 512				/* at most that ranges are cut at */
#define AT_ONCE 8
#define ENOUGH 20				/* times the sample: what is read at most, if the table is denser than it seemed */

typedef struct Sampling
{
	Relation	relation;
	ScyllaTableOptions *options;
	ScyllaSession *session;
	ScyllaSelect rows;			/* every column */
	ScyllaSelect tokens;		/* of every row, the token */
	bool		hashed;			/* there are ranges of tokens */
	int64	   *border;			/* of them, that no range spans: what is behind has other replicas */
	int			nborders;		/* 0, too, where these are many */
	int			read_bytes;		/* that nodes read for each row, whatever is selected; 0: not yet known */
	ScyllaReport report;
} Sampling;

/* ---- begin ---- */

/* What is only written is NULL in the sample, as in any row that is read. */
static void
select_all(ScyllaSelect *select, Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);

	select->relid = RelationGetRelid(relation);
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped || scyllaIsVirtual(TupleDescAttr(desc, i)) ||
			scyllaIsWriteOnly(select->relid, i + 1))
			continue;
		select->items = lappend(select->items, makeString(scyllaColumnCql(select->relid, i + 1)));
		select->targets = lappend_int(select->targets, i + 1);
	}
}

static void
select_key(ScyllaSelect *select)
{
	StringInfoData item;

	initStringInfo(&item);
	scyllaAppendIdentifier(&item, strVal(linitial(select->token_columns)));
	select->items = list_make1(makeString(item.data));
	select->targets = list_make1_int(0);
}

static void
select_tokens(ScyllaSelect *select, List *columns)
{
	StringInfoData item;
	ListCell   *lc;

	initStringInfo(&item);
	foreach(lc, columns)
	{
		appendStringInfoString(&item, lc == list_head(columns) ? "token(" : ", ");
		scyllaAppendIdentifier(&item, strVal(lfirst(lc)));
	}
	appendStringInfoChar(&item, ')');
	select->items = list_make1(makeString(item.data));
	select->targets = list_make1_int(0);
	select->token_columns = columns;
}

/* As the table's owner. Fails where the table or a column of it is missing in the cluster. */
static Sampling *
begin_sampling(Relation relation)
{
	Sampling   *s = palloc0(sizeof(*s));
	Oid			relid = RelationGetRelid(relation);
	ScyllaRing *ring;

	s->relation = relation;
	s->options = scyllaTableOptions(relid);
	s->session = scyllaGetSession(relation->rd_rel->relowner, GetForeignTable(relid)->serverid);
	scyllaReportBegin(&s->report, s->session->client, false);
	scyllaDrainWriters(s->session, NULL);
	select_all(&s->rows, relation);
	scyllaDescribeConditions(scyllaMakeConditions(&s->rows, NIL, NIL), s->session, s->options,
							 scyllaDecodedAttributes(&s->rows));
	scyllaCheckStrongRead(s->session, s->options, RelationGetRelationName(relation), false);
	s->rows.token_columns = scyllaTokenColumns(s->session, s->options);
	if (s->rows.items == NIL)	/* rows are counted all the same */
		select_key(&s->rows);
	select_tokens(&s->tokens, s->rows.token_columns);
	s->hashed = scyllaRing(s->session, s->options)->ntokens > 0;
	ring = scyllaTableRing(s->session, s->options);
	s->border = ring->token;
	s->nborders = ring->ntokens <= BORDERS ? ring->ntokens : 0;
	return s;
}

/* ---- reading ranges ---- */

/* The part-th of n parts of the ring, or of it a part of that width, at a random place. */
static CqlTokenRange
random_range(int part, int n, uint64 width)
{
	uint64		stratum = PG_UINT64_MAX / n;
	uint64		from = stratum * part;

	width = Min(width, stratum);
	if (width < stratum)
		from += pg_prng_uint64_range(&pg_global_prng_state, 0, stratum - width);
	else if (part == n - 1)
		width = PG_UINT64_MAX - from;	/* what the division left */
	return (CqlTokenRange) {(int64) (from + (uint64) PG_INT64_MIN), (int64) (from + width + (uint64) PG_INT64_MIN)};
}

/* The beginning of such a part, for who reads no more than a few rows of it. */
static CqlTokenRange
beginning_of(const Sampling *s, int part, int n)
{
	CqlTokenRange range = random_range(part, n, PG_UINT64_MAX);
	CqlTokenRange cut[BORDERS + 1];

	(void) cql_range_split(&range, 1, s->border, s->nborders, cut);
	return cut[0];
}

/* limit 0: none. No ranges: the table, unsplit. */
static ScyllaFetch *
open_ranges(Sampling *s, const ScyllaSelect *select, const CqlTokenRange *range, int n, int limit)
{
	ScyllaSelectForm form = {NULL, n > 0, limit > 0};
	ScyllaKeySource *source = scyllaBeginSource(0, 0);
	ScyllaFetchConfig config = {.session = s->session, .options = s->options, .report = &s->report,
		.relation = RelationGetRelationName(s->relation), .source = scyllaSourceOf(source),
		.page_rows = s->options->fetch_size, .pagers = AT_ONCE, .read_bytes = s->read_bytes, .limit = limit};

	if (n > 0)
		scyllaSourceRanges(source, range, n, NULL);
	if (limit > 0)
		scyllaSourceLimit(source, limit);
	(void) scyllaEndSource(source);
	config.select = select;
	config.form = form;
	config.cql = scyllaDeparseSelect(select, s->options, &form);
	config.statement = scyllaPrepare(s->session, s->options, config.cql);
	return scyllaFetchOpen(&config);
}

/* ---- how many rows ---- */

/* Of one range: rows up to the last whole partition, and those behind. */
typedef struct Probe
{
	int64		rows;
	int64		whole_rows;
	int64		last;			/* token of the latest row */
	int64		whole;			/* of the partition before; rows up to there are whole_rows */
} Probe;

static void
count_token(Probe *p, int64 token)
{
	if (p->rows > 0 && token != p->last)
	{
		p->whole = p->last;
		p->whole_rows = p->rows;
	}
	p->last = token;
	p->rows++;
}

/* What was seen of a range, as rows per width. */
static void
add_density(const CqlTokenRange *range, const Probe *p, double *rows, double *width)
{
	if (p->rows < PROBE_ROWS)
	{
		*rows += p->rows;
		*width += (double) ((uint64) range->upto - (uint64) range->above);
	}
	else if (p->whole_rows > 0)
	{
		*rows += p->whole_rows;
		*width += (double) ((uint64) p->whole - (uint64) range->above);
	}
	else
	{
		*rows += p->rows;
		*width += (double) ((uint64) p->last - (uint64) range->above);
	}
}

static int64
token_value(const ScyllaFetch *fetch)
{
	CqlBytes	value = scyllaFetchRow(fetch)[0];

	if (value.len != 8)
		scyllaRaiseMalformed("token");
	return (int64) cql_load_u64(value.data);
}

static double
estimate_rows(Sampling *s)
{
	CqlTokenRange range[PROBES];
	Probe		probe[PROBES] = {0};
	double		rows = 0;
	double		width = 0;
	ScyllaFetchResult result;
	ScyllaFetch *fetch;

	for (int i = 0; i < PROBES; i++)
		range[i] = beginning_of(s, i, PROBES);
	fetch = open_ranges(s, &s->tokens, range, PROBES, PROBE_ROWS);
	while ((result = scyllaFetchNext(fetch, true)) != SCYLLA_FETCH_END)
	{
		if (result == SCYLLA_FETCH_ROW)
			count_token(&probe[scyllaFetchTag(fetch)], token_value(fetch));
	}
	scyllaFetchClose(fetch);
	for (int i = 0; i < PROBES; i++)
		add_density(&range[i], &probe[i], &rows, &width);
	return width > 0 ? rows / width * (double) PG_UINT64_MAX : 0;
}

/* Bytes of a row, as it would lie in a table here. */
static double
estimate_width(Sampling *s)
{
	CqlTokenRange range[WIDTH_PROBES];
	double		bytes = 0;
	double		rows = 0;
	ScyllaFetchResult result;
	ScyllaFetch *fetch;

	for (int i = 0; i < WIDTH_PROBES; i++)
		range[i] = beginning_of(s, i, WIDTH_PROBES);
	fetch = open_ranges(s, &s->rows, range, WIDTH_PROBES, WIDTH_ROWS);
	while ((result = scyllaFetchNext(fetch, true)) != SCYLLA_FETCH_END)
	{
		if (result != SCYLLA_FETCH_ROW)
			continue;
		rows++;
		for (uint32_t i = 0; i < scyllaFetchMetadata(fetch)->count; i++)
			bytes += Max(scyllaFetchRow(fetch)[i].len, 0);
	}
	scyllaFetchClose(fetch);
	s->read_bytes = (int) Min(bytes / Max(rows, 1), PG_INT32_MAX);
	return MAXALIGN(SizeofHeapTupleHeader) + bytes / Max(rows, 1);
}

/* ---- the sample ---- */

typedef struct Sample
{
	HeapTuple  *rows;
	int			target;
	int			nrows;
	double		seen;
	double		skip;			/* rows to leave out before the next one that replaces another; -1: not yet known */
	ReservoirStateData reservoir;
} Sample;

/* Where the next row goes; -1: nowhere. Each row seen so far has the same probability to be there. */
static int
place_row(Sample *sample)
{
	if (sample->nrows < sample->target)
		return sample->nrows++;
	if (sample->skip < 0)
		sample->skip = reservoir_get_next_S(&sample->reservoir, sample->seen, sample->target);
	if (sample->skip-- > 0)
		return -1;
	return (int) (sample->target * sampler_random_fract(&sample->reservoir.randstate));
}

static void
keep_row(Sample *sample, int place, ScyllaDecoder *decoder, const ScyllaFetch *fetch, MemoryContext row_context,
		 TupleTableSlot *slot)
{
	if (sample->rows[place] != NULL)
		heap_freetuple(sample->rows[place]);
	sample->rows[place] = NULL;
	ExecClearTuple(slot);
	scyllaDecodeRow(decoder, fetch, row_context, slot);
	sample->rows[place] = ExecCopySlotHeapTuple(slot);
	ExecClearTuple(slot);
	MemoryContextReset(row_context);
}

/* Rows of ranges that were read whole, and how wide these are. */
typedef struct Coverage
{
	CqlTokenRange *range;
	int			n;				/* 0: the table is read unsplit */
	double		width;
	double		rows;
	double	   *open;			/* of each range, rows so far */
} Coverage;

/* Parts of the ring, of each the same fraction. */
static void
choose_ranges(const Sampling *s, double fraction, Coverage *coverage)
{
	uint64		width = fraction < 1 ? (uint64) (fraction / SAMPLE_RANGES * (double) PG_UINT64_MAX) : PG_UINT64_MAX;
	CqlTokenRange range[SAMPLE_RANGES];

	for (int i = 0; i < SAMPLE_RANGES; i++)
		range[i] = random_range(i, SAMPLE_RANGES, width);
	coverage->range = palloc_array(CqlTokenRange, SAMPLE_RANGES + s->nborders);
	coverage->n = (int) cql_range_split(range, SAMPLE_RANGES, s->border, s->nborders, coverage->range);
}

static void
read_sample(Sampling *s, ScyllaFetch *fetch, Sample *sample, Coverage *coverage)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(s->relation), &TTSOpsVirtual);
	ScyllaDecoder *decoder = scyllaMakeDecoder(&s->rows, RelationGetDescr(s->relation), true);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	ScyllaFetchResult result;

	while ((result = scyllaFetchNext(fetch, true)) != SCYLLA_FETCH_END)
	{
		uint64		number = scyllaFetchTag(fetch);
		int			place;

		if (result == SCYLLA_FETCH_REQUEST_END)
		{
			if (coverage->n > 0)
				coverage->width += (double) ((uint64) coverage->range[number].upto - (uint64) coverage->range[number].above);
			coverage->rows += coverage->open[number];
			continue;
		}
		CHECK_FOR_INTERRUPTS();
		coverage->open[number]++;
		place = place_row(sample);
		sample->seen++;
		if (place >= 0)
			keep_row(sample, place, decoder, fetch, row_context, slot);
		if (s->hashed && sample->seen > (double) ENOUGH * sample->target)
			break;
	}
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(row_context);
}

/* How much of each part of the ring is read. */
static double
fraction_to_read(double target, double rows)
{
	double		fraction = 1.2 * target / Max(rows, 1);

	return fraction > 0.5 ? 1 : fraction;
}

static int
acquire_rows(Relation relation, int elevel, HeapTuple *rows, int target, double *totalrows, double *totaldeadrows)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw analyze", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Sampling   *s = begin_sampling(relation);
	double		width = s->hashed ? estimate_width(s) : 0;
	double		estimate = width > 0 ? estimate_rows(s) : 0;
	double		fraction = s->hashed ? fraction_to_read(target, estimate) : 1;
	Sample		sample = {.rows = rows, .target = target, .skip = -1};
	Coverage	coverage = {0};
	ScyllaFetch *fetch;

	if (s->hashed)
		choose_ranges(s, fraction, &coverage);
	coverage.open = palloc0_array(double, Max(coverage.n, 1));
	fetch = open_ranges(s, &s->rows, coverage.range, coverage.n, 0);
	memset(rows, 0, sizeof(HeapTuple) * target);
	reservoir_init_selection_state(&sample.reservoir, target);
	MemoryContextSwitchTo(old);
	read_sample(s, fetch, &sample, &coverage);
	*totalrows = sample.seen;
	if (coverage.width > 0)
		*totalrows = coverage.rows / coverage.width * (double) PG_UINT64_MAX;
	*totalrows = Max(*totalrows, sample.seen);
	*totaldeadrows = 0;
	scyllaFetchClose(fetch);
	MemoryContextDelete(scratch);
	ereport(elevel,
			(errmsg("\"%s\": scanned %.0f rows, %d rows in sample, %.0f estimated total rows",
					RelationGetRelationName(relation), sample.seen, sample.nrows, *totalrows)));
	return sample.nrows;
}

/* The size is wanted before the sample: a partitioned table's sample takes of each partition by its size. */
bool
scyllaAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *func, BlockNumber *totalpages)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw analyze", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Sampling   *s = begin_sampling(relation);
	double		width = s->hashed ? estimate_width(s) : 0;
	double		pages = width > 0 ? ceil(estimate_rows(s) * width / BLCKSZ) : 1;

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	*totalpages = (BlockNumber) Min(Max(pages, 1), MaxBlockNumber);
	*func = acquire_rows;
	return true;
}
