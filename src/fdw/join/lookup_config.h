/*
 * fdw/join/lookup_config.h
 *	  What a lookup is opened with.
 *
 * Backend thread.
 */
#ifndef FDW_JOIN_LOOKUP_CONFIG_H
#define FDW_JOIN_LOOKUP_CONFIG_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "fdw/report/report.h"
#include "fdw/select/condition.h"

typedef struct ScyllaLookupConfig
{
	ScyllaSession *session;
	const ScyllaTableOptions *options;
	const ScyllaSelect *select;
	const char *relation;		/* for messages */
	ScyllaConditions *conditions;	/* described */
	ScyllaReport *report;
	TupleDesc	inner;			/* of the foreign table */
	int		   *instead;		/* becomes how many keys were asked for, when the whole table takes the place of others */
} ScyllaLookupConfig;

#endif							/* FDW_JOIN_LOOKUP_CONFIG_H */
