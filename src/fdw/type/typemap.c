/*
 * fdw/type/typemap.c
 *	  Chooses the converter of a pair of types, or says why there is none.
 *
 * Backend thread. Owns nothing: converters live in the memory context they were
 * made in. Children are made once, with their parent, never per value. Invariant: a
 * converter has both functions.
 *
 * The candidates are asked in order: a direct pair (scalar.c), arrays and vectors
 * (collection.c), composite types (composite.c), JSON (json.c), and last the CQL
 * literal in a text column (literal.c). Each sets encode and decode, or leaves them
 * alone. What the column's domain demands is put around the one that was chosen
 * (constraint.c).
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "fdw/compat.h"
#include "fdw/type/collection.h"
#include "fdw/type/composite.h"
#include "fdw/type/constraint.h"
#include "fdw/type/json.h"
#include "fdw/type/literal.h"
#include "fdw/type/scalar.h"
#include "fdw/type/typemap.h"

/* ---- choice ---- */

/* A user type whose fields are not known can be converted to nothing. */
static bool
is_complete(const CqlType *type)
{
	if (type->id == CQL_TYPE_UDT && type->count == 0)
		return false;
	for (uint32 i = 0; i < type->count; i++)
		if (!is_complete(type->child[i]))
			return false;
	return true;
}

/* NULL: the types have nothing in common. */
static ScyllaConverter *
try_converter(const CqlType *type, Oid pgtype, int32 typmod)
{
	ScyllaConverter *c = palloc0(sizeof(ScyllaConverter));

	c->cql = type;
	c->typmod = typmod;
	c->basetype = getBaseTypeAndTypmod(pgtype, &c->typmod);
	c->pgtype = c->basetype;
	get_typlenbyvalalign(c->basetype, &c->typlen, &c->typbyval, &c->typalign);

	if (!is_complete(type))
		return NULL;
	if (!scyllaChooseScalar(c) && !scyllaChooseCollection(c, try_converter) &&
		!scyllaChooseComposite(c, try_converter) && !scyllaChooseJson(c) && !scyllaChooseLiteral(c))
		return NULL;
	Assert(c->encode != NULL && c->decode != NULL);
	return scyllaConstrain(c, pgtype, typmod);
}

/* ---- why not ---- */

static char *
field_name(const CqlType *type, uint32 field)
{
	char	   *name;

	if (type->id == CQL_TYPE_TUPLE)
		return psprintf("%u", field + 1);
	name = pg_any_to_server(type->field[field], strlen(type->field[field]), PG_UTF8);
	return psprintf("\"%s\"", name);
}

static char *explain_mismatch(const CqlType *type, Oid pgtype);

/* NULL: it can be converted. */
static char *
explain_field(const CqlType *type, uint32 field, Form_pg_attribute att)
{
	char	   *deeper;

	if (try_converter(type->child[field], att->atttypid, att->atttypmod))
		return NULL;
	deeper = explain_mismatch(type->child[field], att->atttypid);
	return deeper ? deeper : psprintf("Field %s of CQL type %s cannot be converted to type %s.", field_name(type, field),
									  scyllaCqlTypeName(type->child[field]),
									  format_type_with_typemod(att->atttypid, att->atttypmod));
}

/* NULL: each has a field. */
static char *
explain_attributes(TupleDesc desc, Oid pgtype, const bool *taken)
{
	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped && !taken[i])
			return psprintf("Attribute \"%s\" of type %s has no field.", NameStr(TupleDescAttr(desc, i)->attname),
							format_type_be(pgtype));
	}
	return NULL;
}

static char *
explain_composite(const CqlType *type, Oid pgtype)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(pgtype, -1);
	bool	   *taken = palloc0_array(bool, desc->natts);
	char	   *field = NULL;
	char	   *attribute;

	for (uint32 i = 0; i < type->count; i++)
	{
		int			at = scyllaAttributeOfField(desc, type, i);
		bool		paired = at >= 0 && !taken[at];

		if (paired)
			taken[at] = true;
		if (field != NULL)
			continue;
		if (paired)
			field = explain_field(type, i, TupleDescAttr(desc, at));
		else if (type->id == CQL_TYPE_TUPLE || i < (uint32) scyllaLiveAttributes(desc))
			field = psprintf("Field %s of CQL type %s has no attribute.", field_name(type, i), scyllaCqlTypeName(type));
	}
	attribute = explain_attributes(desc, pgtype, taken);
	return field && attribute ? psprintf("%s %s", field, attribute) : field ? field : attribute;
}

/*
 * Which field or attribute does not pair off, at any depth, as sentences for a user.
 * NULL: these are no composite types, or it is not known.
 */
static char *
explain_mismatch(const CqlType *type, Oid pgtype)
{
	Oid			element;

	pgtype = getBaseType(pgtype);
	element = get_element_type(pgtype);
	if (OidIsValid(element) && (type->id == CQL_TYPE_LIST || type->id == CQL_TYPE_SET || type->id == CQL_TYPE_VECTOR))
		return explain_mismatch(type->child[0], element);
	return scyllaIsComposite(type, pgtype) ? explain_composite(type, pgtype) : NULL;
}

ScyllaConverter *
scyllaMakeConverter(const CqlType *type, Oid pgtype, int32 typmod)
{
	ScyllaConverter *c = try_converter(type, pgtype, typmod);
	const char *why;

	if (c)
		return c;
	why = explain_mismatch(type, pgtype);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
			 errmsg("CQL type %s cannot be converted to type %s",
					scyllaCqlTypeName(type), format_type_with_typemod(pgtype, typmod)),
			 why ? errdetail_internal("%s", why) : 0));
}

/* NULL: none. */
static bool
is_whole(const ScyllaConverter *c)
{
	bool		whole = c != NULL && !c->partial;

	for (int i = 0; whole && i < c->nchildren; i++)
		whole = is_whole(c->child[i]);
	return whole;
}

bool
scyllaTypesMatch(const CqlType *type, Oid pgtype, int32 typmod)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw type match",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	bool		match = is_whole(try_converter(type, pgtype, typmod));

	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
	return match;
}
