/*
 * fdw/fetch/page_size.h
 *	  How many rows a page is asked for.
 *
 * Backend thread. Owns nothing.
 *
 * A node makes a page as a whole, so its rows are counted by their size: as large
 * as those that came, else as large as an estimate says. Where nobody knows,
 * SCYLLA_FEW_ROWS come first, all pagers together. Where a node reads more of each
 * row than comes home (see row_size.h), that counts.
 */
#ifndef FDW_FETCH_PAGE_SIZE_H
#define FDW_FETCH_PAGE_SIZE_H

#include "postgres.h"

#define SCYLLA_FEW_ROWS 4		/* of 16 MiB, the largest that one write makes, they are 64 MiB */
#define SCYLLA_FEW_PAGERS 2		/* that they are asked for by: of a unique key, a page with room for one more row is
								 * the last one */

typedef struct ScyllaPageSize
{
	int			most;			/* rows of a page; fewer once one has failed */
	uint64		room;			/* bytes of a page that are aimed at */
	uint64		expected;		/* bytes of a row that comes home, by estimate; 0: nobody knows */
	uint64		read;			/* bytes that a node reads for a row, at least; 0: it reads what comes home */
	uint64		pages;			/* that came home and had rows, */
	uint64		rows;			/* these, */
	uint64		bytes;			/* and their bytes */
} ScyllaPageSize;

/* Whether anybody knows how large rows are. */
extern bool scyllaKnowsRows(const ScyllaPageSize *size);

/* Rows of a page; pagers: that are open at once. */
extern int	scyllaPageRows(const ScyllaPageSize *size, int pagers);

/* Bytes of a page, by those that came, or of so many rows by estimate; 0: nobody knows. */
extern uint64 scyllaPageBytes(const ScyllaPageSize *size, int rows);

extern void scyllaSeePage(ScyllaPageSize *size, uint64 rows, uint64 bytes);

/* A page of so many rows failed. How many to ask for instead; 0: it cannot be smaller. */
extern int	scyllaFewerRows(ScyllaPageSize *size, int rows);

#endif							/* FDW_FETCH_PAGE_SIZE_H */
