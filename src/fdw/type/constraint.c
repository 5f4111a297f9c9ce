/*
 * fdw/type/constraint.c
 *	  What a column's domain and type modifier demand of a decoded value.
 *
 * Backend thread. Owns nothing: a converter around another lives in the memory
 * context that the other was made in.
 *
 * Invariant: no value is cut or rounded to fit; it is refused.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "fdw/compat.h"
#include "fdw/type/constraint.h"

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
	TypeRules  *c = self->extra;

	domain_check((Datum) 0, true, self->pgtype, &c->domain_cache, c->context);
}

static Datum
decode_constrained(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	TypeRules  *c = self->extra;
	Datum		value = self->child[0]->decode(self->child[0], body, isnull);

	if (!*isnull && OidIsValid(c->coercion.fn_oid))
		value = apply_typmod(self, c, value);
	if (c->domain)
		domain_check(value, *isnull, self->pgtype, &c->domain_cache, c->context);
	return value;
}

/* An array hands its type modifier to its elements. */
ScyllaConverter *
scyllaConstrain(ScyllaConverter *inner, Oid pgtype, int32 typmod)
{
	Oid			coercion = InvalidOid;
	ScyllaConverter *outer;
	TypeRules  *c;

	Assert(inner->pgtype == inner->basetype && GetMemoryChunkContext(inner) == CurrentMemoryContext);
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
