/*
 * fdw/write/row_time.c
 *	  TTL and timestamp that a row, or a statement, asks for.
 *
 * Backend thread. Owns nothing. Invariants: a second column of a kind is refused; so
 * is a TTL or timestamp that is out of range, which is never clipped.
 *
 * A timestamp of one's own goes where the clock's would: behind the values of a
 * request, or among those of a row of a batch. So no text differs for it. A TTL
 * needs USING TTL ?, where UNSET stands for the table's own.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/option/option_cache.h"
#include "fdw/write/row_time.h"

/* ---- columns ---- */

static void
check_type(Relation rel, AttrNumber attnum, ScyllaPseudo kind)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	Oid			type = getBaseType(att->atttypid);

	if (type == INT8OID || (kind == SCYLLA_WRITE_TTL && (type == INT4OID || type == INT2OID)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
			 errmsg("column \"%s\" of foreign table \"%s\" must be of type %s", NameStr(att->attname),
					RelationGetRelationName(rel), kind == SCYLLA_WRITE_TTL ? "integer or bigint" : "bigint"),
			 errdetail("It has the option %s.", kind == SCYLLA_WRITE_TTL ? "write_ttl" : "write_timestamp")));
}

static void
refuse_second(Relation rel, AttrNumber one, AttrNumber other, ScyllaPseudo kind)
{
	TupleDesc	desc = RelationGetDescr(rel);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("columns \"%s\" and \"%s\" of foreign table \"%s\" both have the option %s",
					NameStr(TupleDescAttr(desc, one - 1)->attname), NameStr(TupleDescAttr(desc, other - 1)->attname),
					RelationGetRelationName(rel), kind == SCYLLA_WRITE_TTL ? "write_ttl" : "write_timestamp")));
}

AttrNumber
scyllaTakePseudoColumn(Relation rel, ScyllaPseudo kind, List **attnums)
{
	AttrNumber	found = InvalidAttrNumber;
	List	   *rest = NIL;
	ListCell   *lc;

	if (!scyllaHasPseudoColumns(RelationGetRelid(rel)))
		return InvalidAttrNumber;
	foreach(lc, *attnums)
	{
		AttrNumber	attnum = lfirst_int(lc);

		if (scyllaPseudoColumn(RelationGetRelid(rel), attnum) != kind)
		{
			rest = lappend_int(rest, attnum);
			continue;
		}
		check_type(rel, attnum, kind);
		if (found != InvalidAttrNumber)
			refuse_second(rel, found, attnum, kind);
		found = attnum;
	}
	*attnums = rest;
	return found;
}

/* ---- values ---- */

static int64
integer(Datum value, Oid type)
{
	return type == INT8OID ? DatumGetInt64(value) : type == INT4OID ? DatumGetInt32(value) : DatumGetInt16(value);
}

int32
scyllaRowTtl(Datum value, Oid type)
{
	int64		ttl = integer(value, type);

	if (ttl < 0 || ttl > SCYLLA_MAX_TTL)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("TTL " INT64_FORMAT " is out of range", ttl),
				 errdetail("Valid values are 0, which is never, to %d seconds.", SCYLLA_MAX_TTL)));
	return (int32) ttl;
}

/* The smallest number is CQL's "none". */
int64
scyllaRowTimestamp(Datum value, Oid type)
{
	int64		timestamp = integer(value, type);

	if (timestamp == PG_INT64_MIN)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp " INT64_FORMAT " is out of range", timestamp)));
	return timestamp;
}

/* ---- what has none ---- */

void
scyllaRefuseTimestamp(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a conditional write cannot have a timestamp of its own"),
			 errdetail("CQL gives it the cluster's time.")));
	pg_unreachable();
}

void
scyllaRefuseCounterTimes(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("counters have neither TTL nor timestamp"),
			 errdetail("Foreign table \"%s\" is one of counters.", RelationGetRelationName(rel))));
	pg_unreachable();
}

void
scyllaCheckTimes(Relation rel, const ScyllaTableOptions *options, const ScyllaTimedWrite *write)
{
	if (write->counter && (options->write_timestamp != 0 || (options->ttl >= 0 && !write->deletes)))
		scyllaRefuseCounterTimes(rel);
	if (write->conditional && options->write_timestamp != 0)
		scyllaRefuseTimestamp();
}
