/*
 * fdw/fetch/page_size.c
 *	  How many rows a page is asked for.
 *
 * Backend thread. Owns nothing. Invariants: a page is asked for with 1 row at least
 * and `most` at most; `most` never rises.
 */
#include "postgres.h"

#include "fdw/fetch/page_size.h"

#define ROW_OVERHEAD 100		/* bytes that a row counts more: a node's work for a row is not only by its size */
#define LESS_AFTER_FAILURE 8	/* times fewer rows in all pages to come */

static uint64
row_bytes(const ScyllaPageSize *size)
{
	return Max(size->rows > 0 ? size->bytes / size->rows : size->expected, size->read);
}

bool
scyllaKnowsRows(const ScyllaPageSize *size)
{
	return size->rows > 0 || size->expected > 0;
}

int
scyllaPageRows(const ScyllaPageSize *size, int pagers)
{
	uint64		rows = scyllaKnowsRows(size) ? size->room / (row_bytes(size) + ROW_OVERHEAD) :
		(uint64) (SCYLLA_FEW_ROWS / Min(pagers, SCYLLA_FEW_PAGERS));

	return (int) Max(Min(rows, (uint64) size->most), 1);
}

uint64
scyllaPageBytes(const ScyllaPageSize *size, int rows)
{
	return size->pages > 0 ? size->bytes / size->pages : rows * size->expected;
}

void
scyllaSeePage(ScyllaPageSize *size, uint64 rows, uint64 bytes)
{
	if (rows == 0)
		return;
	size->pages++;
	size->rows += rows;
	size->bytes += bytes;
}

int
scyllaFewerRows(ScyllaPageSize *size, int rows)
{
	if (rows <= 1)
		return 0;
	size->most = Max(Min(size->most, rows / LESS_AFTER_FAILURE), 1);
	return Min(size->most, rows > SCYLLA_FEW_ROWS ? SCYLLA_FEW_ROWS : 1);
}
