/*
 * fdw/catalog/system_query.c
 *	  Reading the cluster's own tables: its schema, and what it estimates.
 *
 * Backend thread. Owns nothing. Invariants: a page is gone before the next one is
 * asked for; no page is larger, and no level another one, than an ordinary user of
 * the cluster may be held to.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fdw/catalog/system_query.h"
#include "fdw/session/error.h"
#include "fdw/session/single_request.h"

#define PAGE_ROWS 500			/* at most; what queries of tables may have need not be allowed */

/* [short n] n x [value] */
static CqlBuffer
text_values(List *texts)
{
	CqlBuffer	values;
	Size		size = sizeof(uint16);
	ListCell   *lc;

	foreach(lc, texts)
		size += sizeof(int32) + strlen(lfirst(lc));
	values = scyllaPallocBuffer(size);
	cql_put_u16(&values, (uint16) list_length(texts));
	foreach(lc, texts)
		cql_put_long_string(&values, lfirst(lc), strlen(lfirst(lc)));
	return values;
}

/* false: it has other columns. */
static bool
take_rows(ScyllaRows *rows, const ScyllaSystemQuery *query)
{
	if (query->ncolumns != 0 && rows->metadata.count != query->ncolumns)
		return false;
	while (scyllaRowsNext(rows))
		query->take(rows, query->context);
	return true;
}

static bool
read_pages(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSystemQuery *query, bool raise)
{
	ScyllaTableOptions local = *options;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(caller, "scylla_fdw system query", ALLOCSET_SMALL_SIZES);
	MemoryContext page = AllocSetContextCreate(scratch, "scylla_fdw system page", ALLOCSET_DEFAULT_SIZES);
	CqlBytes	paging_state = {NULL, -1};
	CqlBuffer	values;
	bool		legible;

	local.read_consistency = SCYLLA_SYSTEM_CONSISTENCY;
	local.fetch_size = Min(options->fetch_size, PAGE_ROWS);
	Assert(local.fetch_size > 0 && local.fetch_size <= PAGE_ROWS);
	MemoryContextSwitchTo(scratch);
	values = text_values(query->texts);
	do
	{
		ScyllaResponse response;
		ScyllaRows *rows;

		MemoryContextSwitchTo(page);
		response = (raise ? scyllaQuery : scyllaTryQuery) (session, &local, query->cql,
														   query->texts ? &values : NULL, paging_state);
		rows = scyllaRowsBegin(response.body, response.failed ? 0 : response.length);
		MemoryContextSwitchTo(caller);
		legible = !response.failed && take_rows(rows, query);
		if (!legible && raise)
			scyllaRaiseMalformed(query->what);
		paging_state.len = rows->metadata.paging_state.len;
		if (legible && paging_state.len >= 0)
			paging_state.data = memcpy(MemoryContextAlloc(scratch, paging_state.len),
									   rows->metadata.paging_state.data, paging_state.len);
		MemoryContextReset(page);
	} while (legible && paging_state.len >= 0);
	MemoryContextDelete(scratch);
	return legible;
}

void
scyllaReadSystem(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSystemQuery *query)
{
	(void) read_pages(session, options, query, true);
}

bool
scyllaTrySystem(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSystemQuery *query)
{
	return read_pages(session, options, query, false);
}

char *
scyllaSystemText(CqlBytes value)
{
	if (value.len <= 0 || memchr(value.data, '\0', (size_t) value.len))
		return pstrdup("");
	return pnstrdup((const char *) value.data, (Size) value.len);
}
