/*
 * fdw/session/size.c
 *	  How large a table is, as the cluster itself estimates it.
 *
 * Backend thread. Owns nothing: sizes are parts of descriptions.
 *
 * system.size_estimates has a row for each range of tokens whose first replica is
 * the node that is asked: partitions and their mean size. It is a table of
 * Cassandra's and computed when it is read in ScyllaDB, there by the ring's
 * ranges, whatever tablets a table has. What these ranges are of the ring, their
 * sums are of the table.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "fdw/session/deparse.h"
#include "fdw/session/exchange.h"
#include "fdw/session/rows.h"
#include "fdw/session/size.h"

#define SIZE_CQL "SELECT range_start, range_end, partitions_count, mean_partition_size FROM system.size_estimates " \
	"WHERE keyspace_name = ? AND table_name = ?"
#define GOOD_FOR 300			/* s */
#define TIMEOUT 2000			/* ms; what can be done without is not waited for long */

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

/* Ranges may wrap around; one that begins where it ends is the whole ring. */
static void
add_up(ScyllaRows *rows, ScyllaSize *size)
{
	double		width = 0;

	while (scyllaRowsNext(rows))
	{
		uint64		start;
		uint64		end;
		double		partitions = read_number(rows->value[2]);

		if (!read_token(rows->value[0], &start) || !read_token(rows->value[1], &end))
		{
			size->partitions = size->bytes = 0;
			return;
		}
		width += start == end ? (double) PG_UINT64_MAX : (double) (end - start);
		size->partitions += partitions;
		size->bytes += partitions * read_number(rows->value[3]);
	}
	if (width <= 0)
		return;
	size->partitions *= (double) PG_UINT64_MAX / width;
	size->bytes *= (double) PG_UINT64_MAX / width;
}

static ScyllaSize
ask(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaTableOptions local = *options;
	const char *keyspace = scyllaToUtf8(options->keyspace);
	const char *name = scyllaToUtf8(options->table);
	CqlBuffer	values = scyllaPallocBuffer(strlen(keyspace) + strlen(name) + 16);
	ScyllaSize	size = {GetCurrentTimestamp(), 0, 0};
	ScyllaResponse response;
	ScyllaRows *rows;

	local.read_consistency = CQL_ONE;	/* each node has its own */
	local.fetch_size = 1000000;
	local.request_timeout = Min(options->request_timeout, TIMEOUT);
	cql_put_u16(&values, 2);
	cql_put_long_string(&values, keyspace, strlen(keyspace));
	cql_put_long_string(&values, name, strlen(name));
	response = scyllaTryQuery(session, &local, SIZE_CQL, &values);
	if (response.failed || response.body == NULL)
		return size;
	rows = scyllaRowsBegin(response.body, response.length);
	if (rows->metadata.count == 4)
		add_up(rows, &size);
	scyllaRowsEnd(rows);
	return size;
}

ScyllaSize
scyllaTableSize(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const ScyllaTable *table = scyllaDescribeTable(session, options);
	ScyllaSize	size = table->size;

	if (size.asked != 0 && !TimestampDifferenceExceeds(size.asked, GetCurrentTimestamp(), GOOD_FOR * 1000))
		return size;
	size = ask(session, options);
	scyllaDescribeTable(session, options)->size = size;
	return size;
}

double
scyllaSizeInRows(const ScyllaSize *size, const ScyllaTable *table, double row_bytes)
{
	double		rows = table->nclustering > 0 ? size->bytes / Max(row_bytes, 1) : 0;

	return Max(rows, size->partitions);
}
