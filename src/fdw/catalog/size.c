/*
 * fdw/catalog/size.c
 *	  How large a table is, as the cluster itself estimates it.
 *
 * Backend thread. Owns nothing: sizes are parts of descriptions. Invariants: no
 * description is held over a request, which may replace it; a request that fails or
 * takes long leaves the size unknown, and is no error.
 *
 * system.size_estimates has a row for each range of tokens whose first replica is
 * the node that is asked: partitions and their mean size. system.size_estimates is a table of
 * Cassandra's and computed when it is read in ScyllaDB, there by the ring's
 * ranges, whatever tablets a table has. What these ranges are of the ring, their
 * sums are of the table. Rows that were written lately are not in it, so where it
 * tells of few, the ring's beginning is looked at: tokens are hashes, and what lies
 * before the last of a few rows' tokens is like the rest.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "cql/request.h"
#include "fdw/catalog/size.h"
#include "fdw/catalog/system_query.h"
#include "fdw/option/names.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"

#define SIZE_CQL "SELECT range_start, range_end, partitions_count, mean_partition_size FROM system.size_estimates " \
	"WHERE keyspace_name = ? AND table_name = ?"
#define GOOD_FOR 300			/* s */
#define GOOD_FOR_ROWS 1000		/* written by this session meanwhile */
#define TIMEOUT 2000			/* ms; what can be done without is not waited for long */
#define PROBE_ROWS 256			/* a tenth more or less */
#define MAX_ROWS 1e9			/* that few rows can tell of */

static bool
read_token(CqlBytes value, uint64 *token)
{
	char		text[32];
	char	   *end;

	if (value.len <= 0 || value.len >= (int32) sizeof(text))
		return false;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	errno = 0;
	*token = (uint64) strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static double
read_number(CqlBytes value)
{
	return value.len == 8 ? (double) (int64) cql_load_u64(value.data) : 0;
}

/* What so many rows of it have told. */
typedef struct Estimates
{
	double		width;			/* of the ranges */
	double		partitions;
	double		bytes;
	bool		odd;			/* not as expected */
} Estimates;

/* Ranges may wrap around; one that begins where it ends is the whole ring. */
static void
take_estimate(const ScyllaRows *rows, void *context)
{
	Estimates  *e = context;
	double		partitions = read_number(rows->value[2]);
	uint64		start;
	uint64		end;

	if (!read_token(rows->value[0], &start) || !read_token(rows->value[1], &end))
	{
		e->odd = true;
		return;
	}
	e->width += start == end ? (double) PG_UINT64_MAX : (double) (end - start);
	e->partitions += partitions;
	e->bytes += partitions * read_number(rows->value[3]);
}

static void
ask_estimates(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaSize *size)
{
	ScyllaTableOptions local = *options;
	Estimates	e = {0};
	ScyllaSystemQuery query = {.cql = SIZE_CQL, .ncolumns = 4, .take = take_estimate, .context = &e,
		.texts = list_make2(scyllaToUtf8(options->keyspace), scyllaToUtf8(options->table))};

	local.request_timeout = Min(options->request_timeout, TIMEOUT);
	if (!scyllaTrySystem(session, &local, &query) || e.odd || e.width <= 0)
		return;
	size->partitions = e.partitions * (double) PG_UINT64_MAX / e.width;
	size->bytes = e.bytes * (double) PG_UINT64_MAX / e.width;
}

/* ---- the ring's beginning ---- */

static char *
probe_text(const ScyllaTable *table, const ScyllaTableOptions *options)
{
	StringInfoData cql;

	initStringInfo(&cql);
	for (int i = 0; i < table->npartition; i++)
	{
		appendStringInfoString(&cql, i == 0 ? "SELECT token(" : ", ");
		scyllaAppendIdentifier(&cql, scyllaPartitionColumn(table, i)->name);
	}
	appendStringInfoString(&cql, ") FROM ");
	scyllaAppendTable(&cql, options);
	appendStringInfo(&cql, " LIMIT %d", PROBE_ROWS);
	return cql.data;
}

/* Where the answer has all rows, there are no more. */
static void
add_rows(ScyllaRows *rows, ScyllaSize *size)
{
	double		of_all;
	uint64		last = 0;
	int			partitions = 0;
	int			n = 0;

	for (; scyllaRowsNext(rows); n++)
	{
		uint64		token;

		if (rows->value[0].len != 8)	/* of another partitioner than Murmur3's */
			return;
		token = cql_load_u64(rows->value[0].data) - (uint64) PG_INT64_MIN;
		partitions += n == 0 || token != last;
		last = token;
	}
	of_all = n < PROBE_ROWS ? 1 : Max((double) last / (double) PG_UINT64_MAX, n / MAX_ROWS);
	size->rows = Max(n / of_all, 1);
	size->partitions = Max(size->partitions, partitions / of_all);
}

/* In one page. Several partitions are not read in a serial order. */
static void
probe(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaSize *size)
{
	const ScyllaTable *table = scyllaDescribeTable(session, options);
	bool		serial = options->read_consistency == CQL_SERIAL || options->read_consistency == CQL_LOCAL_SERIAL;
	ScyllaTableOptions local = *options;
	ScyllaResponse response;
	ScyllaRows *rows;

	size->probed = true;
	if (table->npartition == 0 || table->strong)
		return;
	local.read_consistency = serial ? CQL_LOCAL_QUORUM : options->read_consistency;
	local.fetch_size = PROBE_ROWS;
	local.request_timeout = Min(options->request_timeout, TIMEOUT);
	response = scyllaTryQuery(session, &local, probe_text(table, options), NULL, (CqlBytes) {NULL, -1});
	rows = scyllaRowsBegin(response.body, response.failed ? 0 : response.length);
	if (rows->metadata.count == 1)
		add_rows(rows, size);
	scyllaRowsEnd(rows);
}

/* ---- what is remembered ---- */

static bool
is_good(const ScyllaSession *session, const ScyllaSize *size)
{
	return size->asked != 0 && session->acknowledged - size->acknowledged < GOOD_FOR_ROWS &&
		!TimestampDifferenceExceeds(size->asked, GetCurrentTimestamp(), GOOD_FOR * 1000);
}

ScyllaSize
scyllaTableSize(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaSize	size = scyllaDescribeTable(session, options)->size;

	if (is_good(session, &size))
		return size;
	size = (ScyllaSize) {.asked = GetCurrentTimestamp(), .acknowledged = session->acknowledged};
	ask_estimates(session, options, &size);
	scyllaDescribeTable(session, options)->size = size;
	return size;
}

ScyllaSize
scyllaTableSizeFor(ScyllaSession *session, const ScyllaTableOptions *options, double row_bytes, double enough)
{
	ScyllaSize	size = scyllaTableSize(session, options);

	if (size.probed || scyllaSizeInRows(&size, scyllaDescribeTable(session, options), row_bytes) >= enough)
		return size;
	probe(session, options, &size);
	scyllaDescribeTable(session, options)->size = size;
	return size;
}

double
scyllaSizeInRows(const ScyllaSize *size, const ScyllaTable *table, double row_bytes)
{
	double		rows = table->nclustering > 0 ? size->bytes / Max(row_bytes, 1) : 0;

	return Max(Max(rows, size->rows), size->partitions);
}
