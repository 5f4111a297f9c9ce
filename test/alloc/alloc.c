/*
 * alloc.c
 *	  Counting allocations, and failing one of them; the SQL functions that order it.
 *
 * All threads. Owns the counters. Two places are counted apart, as their allocations interleave
 * differently each time: the backend's thread, and all others.
 *
 * A point is a place in the code with how it was come to: the hash of the extension's own frames
 * on the stack. A statement allocates at one point many times; tests may fail each point once.
 */
#include "postgres.h"

#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "alloc.h"

#define POINTS 100000			/* that are remembered */
#define DEPTH 24				/* frames that are looked at */

extern PGDLLEXPORT Datum alloc_begin(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum alloc_end(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum alloc_points(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum alloc_where(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum alloc_state(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(alloc_begin);
PG_FUNCTION_INFO_V1(alloc_end);
PG_FUNCTION_INFO_V1(alloc_points);
PG_FUNCTION_INFO_V1(alloc_where);
PG_FUNCTION_INFO_V1(alloc_state);

typedef enum Place
{
	BACKEND,
	SUBMITTER,					/* and resolvers */
	NOWHERE
} Place;

static _Thread_local bool in_backend;
static _Atomic int place = NOWHERE; /* that is counted */
static _Atomic int64 count;
static _Atomic int64 failing;	/* 0: none; -n: the nth and all behind it */
static _Atomic int64 live;		/* blocks of malloc */
static void *base;				/* of the library */
static int	frames;				/* of the library that tell points apart */
static uint64 point[POINTS];
static void *failed[DEPTH];		/* the stack of the one that failed */
static int	nfailed;
static TimestampTz begun;
static long took;				/* ms */

/* ---- counting ---- */

/* The last frames, up to so many of the library as tell points apart. */
static uint64
here(void)
{
	void	   *frame[DEPTH];
	int			n = backtrace(frame, DEPTH);
	uint64		hash = UINT64CONST(14695981039346656037);
	int			taken = 0;

	for (int i = 3; i < n && taken < frames; i++)
	{
		Dl_info		info;

		if (dladdr(frame[i], &info) == 0)
			continue;
		hash = (hash ^ (uint64) ((char *) frame[i] - (char *) info.dli_fbase)) * UINT64CONST(1099511628211);
		taken += info.dli_fbase == base;
	}
	return hash;
}

bool
alloc_fails(void)
{
	int64		n;

	if (atomic_load(&place) != (in_backend ? BACKEND : SUBMITTER))
		return false;
	n = atomic_fetch_add(&count, 1) + 1;
	if (atomic_load(&failing) == 0 && n <= POINTS)
		point[n - 1] = here();
	if (n == llabs(atomic_load(&failing)))
		nfailed = backtrace(failed, DEPTH);
	return n == atomic_load(&failing) || (atomic_load(&failing) < 0 && n >= -atomic_load(&failing));
}

void
alloc_taken(void)
{
	atomic_fetch_add(&live, 1);
}

void
alloc_given(void)
{
	atomic_fetch_sub(&live, 1);
}

/* ---- SQL ---- */

/* alloc_begin(place, n, frames): counts there from now on, and fails the nth, or with -n all from that on; 0: remembers points instead. */
Datum
alloc_begin(PG_FUNCTION_ARGS)
{
	Dl_info		info;

	in_backend = true;
	if (dladdr((void *) alloc_begin, &info) == 0)
		elog(ERROR, "not in a library");
	base = info.dli_fbase;
	frames = PG_GETARG_INT32(2);
	(void) here();				/* loads what it needs */
	nfailed = 0;
	begun = GetCurrentTimestamp();
	atomic_store(&count, 0);
	atomic_store(&failing, PG_GETARG_INT64(1));
	atomic_store(&place, strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "backend") == 0 ? BACKEND : SUBMITTER);
	PG_RETURN_VOID();
}

/* How many there were. */
Datum
alloc_end(PG_FUNCTION_ARGS)
{
	atomic_store(&place, NOWHERE);
	took = TimestampDifferenceMilliseconds(begun, GetCurrentTimestamp());
	PG_RETURN_INT64(atomic_load(&count));
}

/* In the order in which they were come to. */
Datum
alloc_points(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int64 i = 0; i < Min(atomic_load(&count), POINTS); i++)
	{
		Datum		value = Int64GetDatum((int64) point[i]);
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

static int
count_contexts(MemoryContext context)
{
	int			n = strncmp(context->name, "scylla_fdw", strlen("scylla_fdw")) == 0;

	for (MemoryContext child = context->firstchild; child != NULL; child = child->nextchild)
		n += count_contexts(child);
	return n;
}

/* Of the one that failed, for addr2line: the last callers of the library. And how long it all took. */
Datum
alloc_where(PG_FUNCTION_ARGS)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, " %ld ms", took);
	for (int i = 2; i < nfailed; i++)
	{
		Dl_info		info;

		if (dladdr(failed[i], &info) != 0 && info.dli_fbase == base)
			appendStringInfo(&text, " 0x%zx", (Size) ((char *) failed[i] - (char *) base));
	}
	PG_RETURN_TEXT_P(cstring_to_text(text.data));
}

/* Sockets, eventfds and the like: the server closes files when it likes. */
static int
count_descriptors(void)
{
	DIR		   *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int			n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
	{
		char		target[2] = "/";

		if (readlinkat(dirfd(dir), entry->d_name, target, 1) == 1 && target[0] != '/')
			n++;
	}
	closedir(dir);
	return n;
}

/* What may not grow. How many blocks there are while a client is open depends on how fast answers come. */
Datum
alloc_state(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%d contexts, %d descriptors, " INT64_FORMAT " blocks",
											  count_contexts(TopMemoryContext), count_descriptors(), atomic_load(&live))));
}
