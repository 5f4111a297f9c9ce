/*
 * fdw/fetch/fetch_config.h
 *	  What a fetch is opened with, and what it tells.
 *
 * Backend thread.
 */
#ifndef FDW_FETCH_FETCH_CONFIG_H
#define FDW_FETCH_FETCH_CONFIG_H

#include "postgres.h"

#include "fdw/report/report.h"
#include "fdw/select/select.h"
#include "fdw/select/source.h"
#include "fdw/session/session.h"
#include "fdw/session/statement.h"

/* A selected column that the rows of each request are ordered by. */
typedef struct ScyllaMergeKey
{
	int			item;			/* its place in the rows */
	bool		is_signed;		/* a number in two's complement; else bytes are compared */
	bool		descending;
} ScyllaMergeKey;

#define SCYLLA_PAGE_BYTES (4 * 1024 * 1024) /* aimed at, of one page of each request together */

typedef struct ScyllaFetchConfig
{
	ScyllaSession *session;
	const ScyllaTableOptions *options;
	const char *relation;		/* for messages */
	const char *cql;			/* for messages, UTF-8 */
	const ScyllaSelect *select; /* what the text was made of, */
	ScyllaSelectForm form;		/* and how */
	ScyllaStatement *statement;
	ScyllaSource *source;
	ScyllaReport *report;
	int			page_rows;		/* at most */
	int			row_bytes;		/* by estimate, if statement has not seen any; 0: nobody knows */
	int			read_bytes;		/* that a node reads for a row, at least; 0: it reads what comes home */
	int			limit;			/* the text's LIMIT; 0: none */
	int			first_rows;		/* at most, of each request's first page; 0: page_rows */
	int			pagers;			/* requests that are open at once; with merge keys: all that the source has, a few
								 * first */
	bool		slow_start;		/* one request at first, and one more with each page that is read further than its
								 * first row */
	const ScyllaMergeKey *merge;
	int			nmerge;
} ScyllaFetchConfig;

typedef struct ScyllaFetch ScyllaFetch;

typedef enum ScyllaFetchResult
{
	SCYLLA_FETCH_ROW,
	SCYLLA_FETCH_REQUEST_END,	/* the last row of one request was given; not when merging */
	SCYLLA_FETCH_END,
	SCYLLA_FETCH_TOO_LARGE,		/* merging, and the first thing told: pages of all pagers are too much to hold; close
								 * it */
	SCYLLA_FETCH_PENDING		/* nothing has come home yet; or nothing is asked for, and the source may have more
								 * later */
} ScyllaFetchResult;

#endif							/* FDW_FETCH_FETCH_CONFIG_H */
