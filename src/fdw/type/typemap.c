/*
 * fdw/type/typemap.c
 *	  Chooses the converter of a pair of types, and holds decoded values to
 *	  what the column's domain and type modifier demand.
 *
 * Backend thread. Owns nothing: converters live in the memory context they were
 * made in. Children are made once, with their parent, never per value.
 *
 * The candidates are asked in order: a direct pair (scalar.c), arrays, vectors and
 * composite types (collection.c), JSON (json.c), and last the CQL literal in a
 * text column (literal.c). Each sets encode and decode, or leaves them alone.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "fdw/compat.h"
#include "fdw/type/collection.h"
#include "fdw/type/json.h"
#include "fdw/type/literal.h"
#include "fdw/type/scalar.h"
#include "fdw/type/typemap.h"

/* What a decoded value must pass; child[0] of such a converter does the work. */
typedef struct TypeRules
{
	MemoryContext context;		/* of the converter: domain_check caches there */
	int32		typmod;			/* of the base type; -1: none */
	FmgrInfo	coercion;		/* applies typmod; fn_oid InvalidOid: none */
	bool		domain;
	void	   *domain_cache;
} TypeRules;

static bool
same_value(Oid type, bool byval, Datum a, Datum b)
{
	if (type == NUMERICOID)
		return DatumGetBool(DirectFunctionCall2(numeric_eq, a, b));
	if (type == VARCHAROID)
		return VARSIZE_ANY_EXHDR(DatumGetPointer(a)) == VARSIZE_ANY_EXHDR(DatumGetPointer(b));
	if (type == INTERVALOID)
		return memcmp(DatumGetIntervalP(a), DatumGetIntervalP(b), sizeof(Interval)) == 0;
	return !byval || a == b;
}

static void
raise_too_long(const ScyllaConverter *c, int32 typmod)
{
	ereport(ERROR,
			(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
			 errmsg("value of CQL type %s is too long for type %s", scyllaCqlTypeName(c->cql),
					format_type_with_typemod(c->basetype, typmod))));
}

void
scyllaCheckTextLength(const ScyllaConverter *c, int len)
{
	if (c->basetype == NAMEOID && len >= NAMEDATALEN)
		raise_too_long(c, -1);
}

/*
 * numeric(p, s) and time(p) round without a word, and varchar(n) cuts excess
 * spaces, which loses information.
 */
static Datum
apply_typmod(ScyllaConverter *self, TypeRules *c, Datum value)
{
	Datum		fitted;

	if (c->coercion.fn_nargs == 3)
		fitted = FunctionCall3(&c->coercion, value, Int32GetDatum(c->typmod), BoolGetDatum(false));
	else
		fitted = FunctionCall2(&c->coercion, value, Int32GetDatum(c->typmod));
	if (!same_value(self->basetype, self->typbyval, value, fitted))
	{
		if (self->basetype == VARCHAROID)
			raise_too_long(self, c->typmod);
		ereport(ERROR,
				(errcode(self->basetype == NUMERICOID ? ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE
						 : ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("value of CQL type %s does not fit type %s without rounding",
						scyllaCqlTypeName(self->cql),
						format_type_with_typemod(self->basetype, c->typmod))));
	}
	return fitted;
}

static void
encode_constrained(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	self->child[0]->encode(self->child[0], value, out);
}

static void
check_null(ScyllaConverter *self)
{
	TypeRules *c = self->extra;

	domain_check((Datum) 0, true, self->pgtype, &c->domain_cache, c->context);
}

static Datum
decode_constrained(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	TypeRules *c = self->extra;
	Datum		value = self->child[0]->decode(self->child[0], body, isnull);

	if (!*isnull && OidIsValid(c->coercion.fn_oid))
		value = apply_typmod(self, c, value);
	if (c->domain)
		domain_check(value, *isnull, self->pgtype, &c->domain_cache, c->context);
	return value;
}

/*
 * Puts the constraints of the column's type around a converter of its base type,
 * if there are any. An array hands its type modifier to its elements.
 */
static ScyllaConverter *
constrain(ScyllaConverter *inner, Oid pgtype, int32 typmod)
{
	Oid			coercion = InvalidOid;
	ScyllaConverter *outer;
	TypeRules *c;

	if (inner->typmod >= 0 &&
		find_typmod_coercion_function(inner->basetype, &coercion) != COERCION_PATH_FUNC)
		coercion = InvalidOid;
	if (inner->basetype == pgtype && !OidIsValid(coercion))
		return inner;

	c = palloc0(sizeof(TypeRules));
	c->context = CurrentMemoryContext;
	c->typmod = inner->typmod;
	c->domain = inner->basetype != pgtype;
	if (OidIsValid(coercion))
		fmgr_info(coercion, &c->coercion);

	outer = palloc(sizeof(ScyllaConverter));
	*outer = *inner;
	outer->encode = encode_constrained;
	outer->decode = decode_constrained;
	outer->check_null = c->domain ? check_null : NULL;
	outer->pgtype = pgtype;
	outer->typmod = typmod;
	outer->child = palloc(sizeof(ScyllaConverter *));
	outer->child[0] = inner;
	outer->nchildren = 1;
	outer->extra = c;
	return outer;
}

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

ScyllaConverter *
scyllaTryConverter(const CqlType *type, Oid pgtype, int32 typmod)
{
	ScyllaConverter *c = palloc0(sizeof(ScyllaConverter));

	c->cql = type;
	c->typmod = typmod;
	c->basetype = getBaseTypeAndTypmod(pgtype, &c->typmod);
	c->pgtype = c->basetype;
	get_typlenbyvalalign(c->basetype, &c->typlen, &c->typbyval, &c->typalign);

	if (!is_complete(type))
		return NULL;
	if (!scyllaChooseScalar(c) && !scyllaChooseCollection(c) && !scyllaChooseJson(c) &&
		!scyllaChooseLiteral(c))
		return NULL;
	return constrain(c, pgtype, typmod);
}

ScyllaConverter *
scyllaMakeConverter(const CqlType *type, Oid pgtype, int32 typmod)
{
	ScyllaConverter *c = scyllaTryConverter(type, pgtype, typmod);
	const char *why;

	if (c)
		return c;
	why = scyllaExplainMismatch(type, pgtype);
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
	bool		match = is_whole(scyllaTryConverter(type, pgtype, typmod));

	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
	return match;
}

char *
scyllaCqlTypeName(const CqlType *type)
{
	CqlBuffer	text = {0};
	char	   *utf8;

	cql_type_format(type, &text);
	utf8 = scyllaTakeText(&text);
	return pg_any_to_server(utf8, strlen(utf8), PG_UTF8);
}

void
scyllaMalformed(const CqlType *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("malformed value of CQL type %s", scyllaCqlTypeName(type))));
}

/* The buffer is malloc'd: it must be gone before anything can raise. */
char *
scyllaTakeText(CqlBuffer *text)
{
	size_t		len = text->len > 0 ? strnlen((char *) text->data, text->len) : 0;
	char	   *copy = NULL;

	if (!text->failed && len < MaxAllocSize)
		copy = palloc_extended(len + 1, MCXT_ALLOC_NO_OOM);
	if (copy && len > 0)
		memcpy(copy, text->data, len);
	cql_buffer_free(text);
	if (!copy)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	copy[len] = '\0';
	return copy;
}
