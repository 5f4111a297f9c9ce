/*
 * fdw/option/epoch.c
 *	  Counting changes of what options depend on.
 *
 * Backend thread. Owns the count. Invariants: the count only rises, from 1; what
 * options are found in (catalogs, settings) counts on when it changes.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/syscache.h"

#include "fdw/option/epoch.h"

static uint64 epoch = 1;

static void
on_catalog_change(Datum arg, int cacheid, uint32 hashvalue)
{
	epoch++;
}

static void
on_relation_change(Datum arg, Oid relid)
{
	epoch++;
}

void
scyllaWatchCatalogs(void)
{
	static const int caches[] = {FOREIGNTABLEREL, FOREIGNSERVEROID, USERMAPPINGOID, AUTHOID, ATTNUM};

	for (size_t i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], on_catalog_change, (Datum) 0);
	CacheRegisterRelcacheCallback(on_relation_change, (Datum) 0);
}

uint64
scyllaEpoch(void)
{
	return epoch;
}

void
scyllaNextEpoch(void)
{
	epoch++;
}
