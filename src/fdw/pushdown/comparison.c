/*
 * fdw/pushdown/comparison.c
 *	  Which types, operators and collations agree.
 *
 * Backend thread. Owns nothing. Invariants: a pair of types that is not in the list
 * agrees in nothing; the reason is NULL exactly if the answer is yes.
 *
 * A condition is pushed only if it means the same in the cluster, see pushdown.c. So
 * the list `pairs` has only types whose equality and order agree. Floats are not
 * among them, because of -0, 0 and NaN, nor is char(n), because of its padding. A
 * decimal does not agree as a partition key: 1.0 and 1.00 are two keys. Uuid and
 * inet agree by equality, but not by order. Text agrees by order only under the C
 * collation.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/pushdown/comparison.h"

/* ---- operators ---- */

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

bool
scyllaSameFamily(Oid column, Oid value)
{
	return column == value || (is_integer(column) && is_integer(value)) || (is_text(column) && is_text(value));
}

/* An integer may be relabelled as an oid, text as citext. */
Expr *
scyllaStripCasts(Expr *expr)
{
	while (expr != NULL && IsA(expr, RelabelType) &&
		   scyllaSameFamily(getBaseType(((RelabelType *) expr)->resulttype),
							getBaseType(exprType((Node *) ((RelabelType *) expr)->arg))))
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

static ScyllaOperator
operator_of_strategy(int strategy)
{
	switch (strategy)
	{
		case BTLessStrategyNumber:
			return SCYLLA_LT;
		case BTLessEqualStrategyNumber:
			return SCYLLA_LE;
		case BTEqualStrategyNumber:
			return SCYLLA_EQ;
		case BTGreaterEqualStrategyNumber:
			return SCYLLA_GE;
		case BTGreaterStrategyNumber:
			return SCYLLA_GT;
		default:
			return SCYLLA_ANY;
	}
}

/* InvalidOid: none. */
static Oid
default_family(Oid type)
{
	Oid			opclass = GetDefaultOpClass(is_text(type) ? TEXTOID : type, BTREE_AM_OID);

	return OidIsValid(opclass) ? get_opclass_family(opclass) : InvalidOid;
}

ScyllaOperator
scyllaDefaultOperator(Oid opno, Oid type)
{
	Oid			family = default_family(type);

	return OidIsValid(family) ? operator_of_strategy(get_op_opfamily_strategy(opno, family)) : SCYLLA_ANY;
}

/* ---- values ---- */

/* Equal in one world, equal in the other. As bytes: two encodings of one value are two partitions. */
#define PAIR_EQUAL 1
#define PAIR_EQUAL_BYTES 2
#define PAIR_ORDER 4
#define PAIR_ALL (PAIR_EQUAL | PAIR_EQUAL_BYTES | PAIR_ORDER)

static const struct
{
	Oid			pgtype;
	const char *cql;
	int			alike;
}			pairs[] =

{
	{INT2OID, "tinyint", PAIR_ALL},
	{INT2OID, "smallint", PAIR_ALL},
	{INT2OID, "int", PAIR_ALL},
	{INT2OID, "bigint", PAIR_ALL},
	{INT2OID, "varint", PAIR_ALL},
	{NUMERICOID, "varint", PAIR_ALL},
	{NUMERICOID, "decimal", PAIR_EQUAL | PAIR_ORDER},	/* 1.0 and 1.00 */
	{TEXTOID, "text", PAIR_ALL},
	{TEXTOID, "ascii", PAIR_EQUAL | PAIR_EQUAL_BYTES},	/* what is not ASCII has no place in its order */
	{UUIDOID, "uuid", PAIR_EQUAL | PAIR_EQUAL_BYTES},
	{UUIDOID, "timeuuid", PAIR_EQUAL | PAIR_EQUAL_BYTES},
	{INETOID, "inet", PAIR_EQUAL | PAIR_EQUAL_BYTES},
	{BOOLOID, "boolean", PAIR_ALL},
	{BYTEAOID, "blob", PAIR_ALL},
	{DATEOID, "date", PAIR_ALL},
	{TIMEOID, "time", PAIR_ALL},
	{TIMESTAMPTZOID, "timestamp", PAIR_ALL},
	{TIMESTAMPOID, "timestamp", PAIR_ALL},
};

static int
types_alike(Oid pgtype, const char *cql)
{
	pgtype = getBaseType(pgtype);
	if (is_integer(pgtype))
		pgtype = INT2OID;
	if (is_text(pgtype))
		pgtype = TEXTOID;
	if (strcmp(cql, "varchar") == 0)
		cql = "text";
	for (size_t i = 0; i < lengthof(pairs); i++)
	{
		if (pairs[i].pgtype == pgtype && strcmp(pairs[i].cql, cql) == 0)
			return pairs[i].alike;
	}
	return 0;
}

/* CQL compares the bytes of UTF-8. NULL: PostgreSQL does the same. */
static const char *
collation_differs(Oid pgtype, Oid collation, bool order)
{
	if (!is_text(getBaseType(pgtype)))
		return NULL;
	if (!OidIsValid(collation) || !get_collation_isdeterministic(collation))
		return "its collation holds different texts for equal";
	if (order && (!scyllaCollationIsC(collation) || GetDatabaseEncoding() != PG_UTF8))
		return "CQL orders text by bytes, its collation does not";
	return NULL;
}

/* NULL: they agree. */
static const char *
types_differ(Oid pgtype, const char *cql, int want)
{
	int			alike = types_alike(pgtype, cql);

	if ((alike & want) == want)
		return NULL;
	if (alike == 0)
		return psprintf("type %s and CQL type %s compare differently", format_type_be(pgtype), cql);
	if (want & PAIR_ORDER)
		return psprintf("CQL type %s has another order", cql);
	return psprintf("values of CQL type %s that are equal may be different keys", cql);
}

bool
scyllaIsDefaultOrder(const PathKey *key, Oid type)
{
	return key->pk_opfamily == default_family(getBaseType(type));
}

bool
scyllaOrdersAlike(Oid pgtype, Oid collation, const ScyllaTableColumn *column, const char **reason)
{
	*reason = types_differ(pgtype, column->type, PAIR_EQUAL | PAIR_ORDER);
	if (*reason == NULL)
		*reason = collation_differs(pgtype, collation, true);
	return *reason == NULL;
}

bool
scyllaEqualsAlike(Oid pgtype, Oid collation, const ScyllaTableColumn *column, const char **reason)
{
	*reason = types_differ(pgtype, column->type, column->kind == SCYLLA_PARTITION_KEY ?
						   PAIR_EQUAL | PAIR_EQUAL_BYTES : PAIR_EQUAL);
	if (*reason == NULL)
		*reason = collation_differs(pgtype, collation, false);
	return *reason == NULL;
}

bool
scyllaSameBytes(Oid pgtype, const ScyllaTableColumn *column)
{
	return (types_alike(pgtype, column->type) & PAIR_EQUAL_BYTES) != 0;
}
