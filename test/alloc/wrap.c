/*
 * wrap.c
 *	  What the extension calls to get memory, each time with the chance to get none.
 *
 * All threads. The linker's --wrap sends calls of these names here; Makefile reads them from the
 * lines that begin with WRAP. Of the server's own allocations those are met that happen in calls
 * from the extension. A name that this server does not have is weak, and called by nobody.
 */
#include "postgres.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "executor/tuptable.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/primnodes.h"
#include "storage/latch.h"
#include "utils/hsearch.h"
#include "utils/resowner.h"
#include "utils/snapshot.h"
#include "utils/tuplestore.h"

#include "alloc.h"

#undef malloc
#undef calloc
#undef realloc
#undef free
#undef strdup

/* ---- the C library's, which libuv is given, too ---- */

#define LIBC(ret, name, params) extern ret __real_##name params; extern ret __wrap_##name params; ret __wrap_##name params

#define WRAP_LIBC(ret, name, params, args) \
	LIBC(ret, name, params) \
	{ \
		ret			block; \
		if (alloc_fails()) \
		{ \
			errno = ENOMEM; \
			return NULL; \
		} \
		block = __real_##name args; \
		if (block != NULL) \
			alloc_taken(); \
		return block; \
	}

WRAP_LIBC(void *, malloc, (size_t size), (size))
WRAP_LIBC(void *, calloc, (size_t n, size_t size), (n, size))
WRAP_LIBC(char *, strdup, (const char *s), (s))

#define WRAP_OTHER LIBC

WRAP_OTHER(void *, realloc, (void *block, size_t size))
{
	void	   *moved;

	if (alloc_fails())
	{
		errno = ENOMEM;
		return NULL;
	}
	moved = __real_realloc(block, size);
	if (block == NULL && moved != NULL)
		alloc_taken();
	return moved;
}

WRAP_OTHER(void, free, (void *block))
{
	if (block != NULL)
		alloc_given();
	__real_free(block);
}

WRAP_OTHER(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attr, void *(*run) (void *), void *arg))
{
	return alloc_fails() ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

/* ---- the server's ---- */

/* As its allocators do. */
static void
point(void)
{
	if (alloc_fails())
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"), errdetail_internal("Ordered by a test.")));
}

#define SERVER(ret, name, params) \
	extern ret __real_##name params __attribute__((weak)); extern ret __wrap_##name params; ret __wrap_##name params

#define WRAP(ret, name, params, args) SERVER(ret, name, params) { point(); return __real_##name args; }

WRAP(void *, palloc, (Size size), (size))
WRAP(void *, palloc0, (Size size), (size))
WRAP(void *, palloc_mul, (Size a, Size b), (a, b))
WRAP(void *, palloc0_mul, (Size a, Size b), (a, b))
WRAP(void *, repalloc, (void *block, Size size), (block, size))
WRAP(void *, repalloc_huge, (void *block, Size size), (block, size))
WRAP(char *, pstrdup, (const char *s), (s))
WRAP(char *, pnstrdup, (const char *s, Size n), (s, n))
WRAP(void *, MemoryContextAlloc, (MemoryContext c, Size size), (c, size))
WRAP(void *, MemoryContextAllocZero, (MemoryContext c, Size size), (c, size))
WRAP(void *, MemoryContextAllocZeroAligned, (MemoryContext c, Size size), (c, size))
WRAP(void *, MemoryContextAllocHuge, (MemoryContext c, Size size), (c, size))
WRAP(char *, MemoryContextStrdup, (MemoryContext c, const char *s), (c, s))
WRAP(MemoryContext, AllocSetContextCreateInternal, (MemoryContext parent, const char *name, Size least, Size first, Size most), (parent, name, least, first, most))

WRAP(void, initStringInfo, (StringInfo s), (s))
WRAP(void, enlargeStringInfo, (StringInfo s, int n), (s, n))
WRAP(void, appendStringInfoString, (StringInfo s, const char *text), (s, text))
WRAP(void, appendStringInfoChar, (StringInfo s, char c), (s, c))
WRAP(void, appendBinaryStringInfo, (StringInfo s, const void *data, int n), (s, data, n))
WRAP(text *, cstring_to_text, (const char *s), (s))
WRAP(text *, cstring_to_text_with_len, (const char *s, int n), (s, n))
WRAP(char *, text_to_cstring, (const text *t), (t))
WRAP(char *, pg_server_to_any, (const char *s, int n, int encoding), (s, n, encoding))
WRAP(char *, pg_any_to_server, (const char *s, int n, int encoding), (s, n, encoding))
WRAP(const char *, quote_identifier, (const char *s), (s))
WRAP(char *, format_type_be, (Oid type), (type))

WRAP(List *, lappend, (List *list, void *p), (list, p))
WRAP(List *, lappend_int, (List *list, int i), (list, i))
WRAP(List *, list_make1_impl, (NodeTag t, ListCell a), (t, a))
WRAP(List *, list_make2_impl, (NodeTag t, ListCell a, ListCell b), (t, a, b))
WRAP(List *, list_make3_impl, (NodeTag t, ListCell a, ListCell b, ListCell c), (t, a, b, c))
WRAP(List *, list_copy, (const List *list), (list))
WRAP(List *, list_concat, (List *a, const List *b), (a, b))
WRAP(List *, list_concat_copy, (const List *a, const List *b), (a, b))
WRAP(Bitmapset *, bms_add_member, (Bitmapset *set, int i), (set, i))
WRAP(Bitmapset *, bms_copy, (const Bitmapset *set), (set))
WRAP(Bitmapset *, bms_union, (const Bitmapset *a, const Bitmapset *b), (a, b))
WRAP(void *, copyObjectImpl, (const void *node), (node))
WRAP(Var *, makeVar, (int rel, AttrNumber att, Oid type, int32 typmod, Oid collation, Index levels), (rel, att, type, typmod, collation, levels))
WRAP(TargetEntry *, makeTargetEntry, (Expr *e, AttrNumber no, char *name, bool junk), (e, no, name, junk))
WRAP(void *, makeString, (char *s), (s))

WRAP(HTAB *, hash_create, (const char *name, long n, const HASHCTL *info, int flags), (name, n, info, flags))
WRAP(Datum, datumCopy, (Datum value, bool byval, int length), (value, byval, length))
WRAP(struct varlena *, pg_detoast_datum, (struct varlena *v), (v))
WRAP(struct varlena *, pg_detoast_datum_packed, (struct varlena *v), (v))
WRAP(Datum, InputFunctionCall, (FmgrInfo *f, char *s, Oid param, int32 typmod), (f, s, param, typmod))
WRAP(char *, OutputFunctionCall, (FmgrInfo *f, Datum value), (f, value))
WRAP(Datum, DirectFunctionCall1Coll, (PGFunction f, Oid coll, Datum a), (f, coll, a))
WRAP(Datum, DirectFunctionCall2Coll, (PGFunction f, Oid coll, Datum a, Datum b), (f, coll, a, b))
WRAP(Datum, DirectFunctionCall3Coll, (PGFunction f, Oid coll, Datum a, Datum b, Datum c), (f, coll, a, b, c))

WRAP(char *, get_rel_name, (Oid relid), (relid))
WRAP(char *, get_attname, (Oid relid, AttrNumber att, bool missing_ok), (relid, att, missing_ok))
WRAP(ForeignServer *, GetForeignServer, (Oid id), (id))
WRAP(ForeignServer *, GetForeignServerExtended, (Oid id, bits16 flags), (id, flags))
WRAP(ForeignTable *, GetForeignTable, (Oid id), (id))
WRAP(UserMapping *, GetUserMapping, (Oid userid, Oid serverid), (userid, serverid))
WRAP(List *, GetForeignColumnOptions, (Oid relid, AttrNumber att), (relid, att))
WRAP(HeapTuple, SearchSysCache1, (int cache, Datum key), (cache, key))

WRAP(TupleTableSlot *, MakeSingleTupleTableSlot, (TupleDesc desc, const TupleTableSlotOps *ops), (desc, ops))
WRAP(TupleDesc, CreateTupleDescCopy, (TupleDesc desc), (desc))
WRAP(TupleDesc, CreateTemplateTupleDesc, (int n), (n))
WRAP(HeapTuple, heap_form_tuple, (TupleDesc desc, Datum *values, bool *nulls), (desc, values, nulls))
WRAP(Tuplestorestate *, tuplestore_begin_heap, (bool random, bool inter, int kb), (random, inter, kb))
WRAP(void, tuplestore_puttupleslot, (Tuplestorestate *store, TupleTableSlot *slot), (store, slot))
WRAP(void, tuplestore_putvalues, (Tuplestorestate *store, TupleDesc desc, Datum *values, bool *nulls), (store, desc, values, nulls))
WRAP(void, PushActiveSnapshot, (Snapshot snapshot), (snapshot))
WRAP(void, RegisterXactCallback, (void *callback, void *arg), (callback, arg))
WRAP(void, RegisterSubXactCallback, (void *callback, void *arg), (callback, arg))
WRAP(void, RegisterResourceReleaseCallback, (ResourceReleaseCallback callback, void *arg), (callback, arg))
WRAP(WaitEventSet *, CreateWaitEventSet, (void *owner, int n), (owner, n))
WRAP(int, AddWaitEventToSet, (WaitEventSet *set, uint32 events, pgsocket fd, Latch *latch, void *data), (set, events, fd, latch, data))
WRAP(ErrorData *, CopyErrorData, (void), ())

#define WRAP_MORE SERVER

extern void __wrap_appendStringInfo(StringInfo s, const char *format,...) __attribute__((format(printf, 2, 3)));
extern char *__wrap_psprintf(const char *format,...) __attribute__((format(printf, 1, 2)));

WRAP_MORE(void *, palloc_extended, (Size size, int flags))
{
	if ((flags & MCXT_ALLOC_NO_OOM) && alloc_fails())
		return NULL;
	if (!(flags & MCXT_ALLOC_NO_OOM))
		point();
	return __real_palloc_extended(size, flags);
}

WRAP_MORE(void *, MemoryContextAllocExtended, (MemoryContext c, Size size, int flags))
{
	if ((flags & MCXT_ALLOC_NO_OOM) && alloc_fails())
		return NULL;
	if (!(flags & MCXT_ALLOC_NO_OOM))
		point();
	return __real_MemoryContextAllocExtended(c, size, flags);
}

/* Found, an entry takes no memory. */
WRAP_MORE(void *, hash_search, (HTAB *table, const void *key, HASHACTION action, bool *found))
{
	if (action == HASH_ENTER)
		point();
	return __real_hash_search(table, key, action, found);
}

WRAP_MORE(void, appendStringInfo, (StringInfo s, const char *format,...))
{
	va_list		args;
	int			needed;

	point();
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(s, format, args);
		va_end(args);
		if (needed > 0)
			__real_enlargeStringInfo(s, needed);
	} while (needed > 0);
}

WRAP_MORE(char *, psprintf, (const char *format,...))
{
	StringInfoData s;
	va_list		args;
	int			needed;

	point();
	__real_initStringInfo(&s);
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(&s, format, args);
		va_end(args);
		if (needed > 0)
			__real_enlargeStringInfo(&s, needed);
	} while (needed > 0);
	return s.data;
}
