/*
 * fdw/type/collection.c
 *	  Collections, vectors, tuples and user types as arrays, pgvector's vector and
 *	  composite types.
 *
 * Backend thread. Owns nothing: converters of elements and fields are children,
 * made once with their parent; values go to CurrentMemoryContext.
 *
 * Invariants: no null is written into a list, set, map or vector, as the server
 * refuses it or, worse, takes it; a count from the wire is trusted for an
 * allocation only up to the number of bytes that came with it.
 *
 * Embeddings are the bulk of what is loaded, so vectors of float and double go
 * between an array or pgvector's vector and the wire in one loop.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "fdw/compat.h"
#include "fdw/type/collection.h"

/* pgvector's vector as it lies on disk; the extension installs no header to include. */
typedef struct PgVector
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int16		dim;
	int16		unused;
	float		x[FLEXIBLE_ARRAY_MEMBER];
} PgVector;

#define PGVECTOR_MAX_DIM 16000

/* ---- shared with JSON and literals ---- */

void
scyllaRefuseNull(const CqlType *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("null values are not allowed inside a value of CQL type %s",
					scyllaCqlTypeName(type))));
}

void
scyllaCheckDimension(const CqlType *type, int64 n)
{
	if (n != type->dimension)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %lld", type->dimension, (long long) n)));
}

size_t
scyllaBeginElement(CqlBuffer *out, const CqlType *type)
{
	return type->id == CQL_TYPE_VECTOR ? cql_begin_vector_element(out) : cql_begin_value(out);
}

void
scyllaEndElement(CqlBuffer *out, const CqlType *type, size_t mark)
{
	if (type->id == CQL_TYPE_VECTOR)
		cql_end_vector_element(out, mark, type->child[0]);
	else
		cql_end_value(out, mark);
}

void
scyllaBeginElements(CqlElements *it, const CqlType *type, CqlBytes body)
{
	static const uint8 empty[4] = {0};
	CqlBytes	none = {empty, sizeof(empty)};
	bool		counted = type->id == CQL_TYPE_LIST || type->id == CQL_TYPE_SET ||
		type->id == CQL_TYPE_MAP;

	if (!cql_elements_begin(it, type, counted && body.len == 0 ? none : body))
		scyllaMalformed(type);
}

/* ---- arrays ---- */

static int
count_elements(ScyllaConverter *self, ArrayType *array)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("multidimensional array cannot be converted to CQL type %s",
						scyllaCqlTypeName(self->cql))));
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

static void
encode_array(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	ScyllaConverter *element = self->child[0];
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *values;
	bool	   *nulls;
	int			n = count_elements(self, array);

	if (self->cql->id == CQL_TYPE_VECTOR)
		scyllaCheckDimension(self->cql, n);
	else
		cql_put_element_count(out, n);
	deconstruct_array(array, ARR_ELEMTYPE(array), self->typlen, self->typbyval, self->typalign,
					  &values, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		size_t		mark;

		if (nulls[i])
			scyllaRefuseNull(self->cql);
		mark = scyllaBeginElement(out, self->cql);
		element->encode(element, values[i], out);
		scyllaEndElement(out, self->cql, mark);
	}
}

static Datum
make_array(ScyllaConverter *self, Datum *values, bool *nulls, int n)
{
	int			lower = 1;
	Oid			type = self->child[0]->pgtype;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(type));
	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, type, self->typlen,
											  self->typbyval, self->typalign));
}

static Datum
decode_array(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	ScyllaConverter *element = self->child[0];
	CqlElements it;
	const CqlType *type;
	CqlBytes	bytes;
	Datum	   *values;
	bool	   *nulls;
	uint32		n = 0;

	*isnull = self->cql->id == CQL_TYPE_VECTOR && body.len == 0;
	if (*isnull)
		return (Datum) 0;
	scyllaBeginElements(&it, self->cql, body);
	if (it.count > (uint32) body.len)
		scyllaMalformed(self->cql);
	values = palloc_array(Datum, it.count);
	nulls = palloc_array(bool, it.count);
	while (n < it.count && cql_elements_next(&it, &type, &bytes))
	{
		nulls[n] = false;
		values[n] = scyllaDecode(element, bytes, &nulls[n]);
		n++;
	}
	if (cql_elements_next(&it, &type, &bytes) || it.r.failed)
		scyllaMalformed(self->cql);
	return make_array(self, values, nulls, (int) n);
}

/* vector<float> and vector<double> over real[] and double precision[] */

static void
encode_number_array(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	ArrayType  *array = DatumGetArrayTypeP(value);

	scyllaCheckDimension(self->cql, count_elements(self, array));
	if (array_contains_nulls(array))
		scyllaRefuseNull(self->cql);
	if (self->typlen == sizeof(float4))
		cql_put_floats(out, (float4 *) ARR_DATA_PTR(array), self->cql->dimension);
	else
		cql_put_doubles(out, (float8 *) ARR_DATA_PTR(array), self->cql->dimension);
}

static Datum
decode_number_array(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int			n = self->cql->dimension;
	Size		size;
	ArrayType  *array;

	*isnull = body.len == 0;
	if (*isnull)
		return (Datum) 0;
	if ((size_t) body.len != (size_t) n * self->typlen)
		scyllaMalformed(self->cql);
	size = ARR_OVERHEAD_NONULLS(1) + body.len;
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = self->child[0]->pgtype;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	if (self->typlen == sizeof(float4))
		cql_get_floats(body.data, (float4 *) ARR_DATA_PTR(array), n);
	else
		cql_get_doubles(body.data, (float8 *) ARR_DATA_PTR(array), n);
	return PointerGetDatum(array);
}

static bool
is_number_vector(const CqlType *type, Oid element)
{
	CqlTypeId	child = type->child[0]->id;

	return type->id == CQL_TYPE_VECTOR &&
		((child == CQL_TYPE_FLOAT && element == FLOAT4OID) ||
		 (child == CQL_TYPE_DOUBLE && element == FLOAT8OID));
}

static ScyllaConverter *
add_child(ScyllaConverter *c, const CqlType *type, Oid pgtype, int32 typmod)
{
	ScyllaConverter *child = scyllaTryConverter(type, pgtype, typmod);

	if (child)
		c->child[c->nchildren++] = child;
	return child;
}

static bool
choose_array(ScyllaConverter *c)
{
	Oid			element = get_element_type(c->basetype);

	if (!OidIsValid(element) || (c->cql->id != CQL_TYPE_LIST && c->cql->id != CQL_TYPE_SET &&
								 c->cql->id != CQL_TYPE_VECTOR))
		return false;
	c->child = palloc_array(ScyllaConverter *, 1);
	if (!add_child(c, c->cql->child[0], element, c->typmod))
		return false;

	/* What deconstructs an array is the storage of its elements. */
	get_typlenbyvalalign(element, &c->typlen, &c->typbyval, &c->typalign);
	if (is_number_vector(c->cql, element))
	{
		c->encode = encode_number_array;
		c->decode = decode_number_array;
		return true;
	}
	c->encode = encode_array;
	c->decode = decode_array;
	return true;
}

/* ---- pgvector ---- */

static void
encode_pg_vector(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	PgVector   *vector = (PgVector *) PG_DETOAST_DATUM(value);

	scyllaCheckDimension(self->cql, vector->dim);
	cql_put_floats(out, vector->x, self->cql->dimension);
}

/* pgvector promises its operators that there is nothing else than numbers. */
static void
check_finite(const PgVector *vector)
{
	for (int i = 0; i < vector->dim; i++)
	{
		if (isnan(vector->x[i]))
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in vector")));
		if (isinf(vector->x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION), errmsg("infinite value not allowed in vector")));
	}
}

static Datum
decode_pg_vector(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	Size		size = offsetof(PgVector, x) + self->cql->dimension * sizeof(float);
	PgVector   *vector;

	*isnull = body.len == 0;
	if (*isnull)
		return (Datum) 0;
	if ((size_t) body.len != self->cql->dimension * sizeof(float))
		scyllaMalformed(self->cql);
	vector = palloc0(size);
	SET_VARSIZE(vector, size);
	vector->dim = (int16) self->cql->dimension;
	cql_get_floats(body.data, vector->x, vector->dim);
	check_finite(vector);
	return PointerGetDatum(vector);
}

/* The type is known by name and by the extension that owns it: it has no fixed OID. */
static bool
is_pg_vector(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	bool		named;
	Oid			extension;
	char	   *owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	named = strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), "vector") == 0;
	ReleaseSysCache(tuple);
	extension = named ? getExtensionOfObject(TypeRelationId, type) : InvalidOid;
	owner = OidIsValid(extension) ? get_extension_name(extension) : NULL;
	return owner && strcmp(owner, "vector") == 0;
}

Oid
scyllaPgVectorType(void)
{
	CatCList   *list = SearchSysCacheList1(TYPENAMENSP, CStringGetDatum("vector"));
	Oid			type = InvalidOid;

	for (int i = 0; i < list->n_members && !OidIsValid(type); i++)
	{
		Oid			candidate = ((Form_pg_type) GETSTRUCT(&list->members[i]->tuple))->oid;

		if (is_pg_vector(candidate))
			type = candidate;
	}
	ReleaseSysCacheList(list);
	return type;
}

bool
scyllaSuitsPgVector(const CqlType *type)
{
	return type->id == CQL_TYPE_VECTOR && type->child[0]->id == CQL_TYPE_FLOAT &&
		type->dimension <= PGVECTOR_MAX_DIM;
}

static bool
choose_pg_vector(ScyllaConverter *c)
{
	if (!scyllaSuitsPgVector(c->cql) || !is_pg_vector(c->basetype))
		return false;
	c->encode = encode_pg_vector;
	c->decode = decode_pg_vector;
	return true;
}

/* ---- composite types ---- */

typedef struct RowShape
{
	TupleDesc	desc;
	int		   *attribute;		/* of field i; child i converts it */
} RowShape;

static void
encode_composite(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	RowShape   *shape = self->extra;
	HeapTupleHeader row = DatumGetHeapTupleHeader(value);
	Datum	   *values = palloc_array(Datum, shape->desc->natts);
	bool	   *nulls = palloc_array(bool, shape->desc->natts);
	HeapTupleData tuple = {0};

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	tuple.t_data = row;
	heap_deform_tuple(&tuple, shape->desc, values, nulls);
	for (int i = 0; i < self->nchildren; i++)
	{
		int			attribute = shape->attribute[i];
		size_t		mark;

		if (nulls[attribute])
		{
			cql_put_null(out);
			continue;
		}
		mark = cql_begin_value(out);
		self->child[i]->encode(self->child[i], values[attribute], out);
		cql_end_value(out, mark);
	}
}

static Datum
decode_composite(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	RowShape   *shape = self->extra;
	Datum	   *values = palloc0_array(Datum, shape->desc->natts);
	bool	   *nulls = palloc_array(bool, shape->desc->natts);
	CqlElements it;
	const CqlType *type;
	CqlBytes	field;

	*isnull = false;
	memset(nulls, true, shape->desc->natts * sizeof(bool));
	scyllaBeginElements(&it, self->cql, body);
	for (int i = 0; i < self->nchildren; i++)
	{
		int			attribute = shape->attribute[i];

		if (!cql_elements_next(&it, &type, &field))
			field.len = -1;		/* a field that was added to the type since */
		nulls[attribute] = false;
		values[attribute] = scyllaDecode(self->child[i], field, &nulls[attribute]);
	}
	if (it.r.failed)
		scyllaMalformed(self->cql);
	return HeapTupleGetDatum(heap_form_tuple(shape->desc, values, nulls));
}

static int
live_attributes(TupleDesc desc)
{
	int			n = 0;

	for (int i = 0; i < desc->natts; i++)
		n += !TupleDescAttr(desc, i)->attisdropped;
	return n;
}

/* -1: no attribute of that name, or no telling which. */
static int
attribute_by_name(TupleDesc desc, const char *name, bool exact)
{
	int			found = -1;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || (exact ? strcmp(NameStr(att->attname), name)
								  : pg_strcasecmp(NameStr(att->attname), name)) != 0)
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

int
scyllaAttributeOfField(TupleDesc desc, const CqlType *type, uint32 field)
{
	int			i = -1;

	if (type->id == CQL_TYPE_UDT)
	{
		char	   *name = pg_any_to_server(type->field[field], strlen(type->field[field]), PG_UTF8);

		i = attribute_by_name(desc, name, true);
		return i >= 0 ? i : attribute_by_name(desc, name, false);
	}
	do
		i++;
	while (i < desc->natts && (TupleDescAttr(desc, i)->attisdropped || field-- > 0));
	return i < desc->natts ? i : -1;
}

/* Field by field, as many as there are attributes; one taken twice would be lost once. */
static bool
add_fields(ScyllaConverter *c, RowShape *shape, uint32 n)
{
	bool	   *taken = palloc0_array(bool, shape->desc->natts);

	for (uint32 i = 0; i < n; i++)
	{
		int			field = scyllaAttributeOfField(shape->desc, c->cql, i);
		Form_pg_attribute att = field >= 0 ? TupleDescAttr(shape->desc, field) : NULL;

		if (!att || taken[field] || !add_child(c, c->cql->child[i], att->atttypid, att->atttypmod))
			return false;
		taken[field] = true;
		shape->attribute[i] = field;
	}
	return true;
}

static bool
is_composite(const CqlType *type, Oid pgtype)
{
	return (type->id == CQL_TYPE_UDT || type->id == CQL_TYPE_TUPLE) && type->count > 0 &&
		get_typtype(pgtype) == TYPTYPE_COMPOSITE;
}

/*
 * Attributes and fields must pair off, or a value would be lost. But fields that a
 * user type has got behind those it had may be missing here: they are not read, and
 * a value is written without them, as everybody's values were before.
 */
static bool
choose_composite(ScyllaConverter *c)
{
	RowShape   *shape;
	uint32		n;

	if (!is_composite(c->cql, c->basetype))
		return false;
	shape = palloc(sizeof(RowShape));
	shape->desc = lookup_rowtype_tupdesc_copy(c->basetype, -1);
	shape->attribute = palloc_array(int, c->cql->count);
	c->child = palloc_array(ScyllaConverter *, c->cql->count);
	n = (uint32) live_attributes(shape->desc);
	if (n == 0 || n > c->cql->count || (n < c->cql->count && c->cql->id == CQL_TYPE_TUPLE) || !add_fields(c, shape, n))
		return false;
	c->partial = n < c->cql->count;
	c->extra = shape;
	c->encode = encode_composite;
	c->decode = decode_composite;
	return true;
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

/* NULL: it can be converted. */
static char *
explain_field(const CqlType *type, uint32 field, Form_pg_attribute att)
{
	char	   *deeper;

	if (scyllaTryConverter(type->child[field], att->atttypid, att->atttypmod))
		return NULL;
	deeper = scyllaExplainMismatch(type->child[field], att->atttypid);
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
		else if (type->id == CQL_TYPE_TUPLE || i < (uint32) live_attributes(desc))
			field = psprintf("Field %s of CQL type %s has no attribute.", field_name(type, i), scyllaCqlTypeName(type));
	}
	attribute = explain_attributes(desc, pgtype, taken);
	return field && attribute ? psprintf("%s %s", field, attribute) : field ? field : attribute;
}

char *
scyllaExplainMismatch(const CqlType *type, Oid pgtype)
{
	Oid			element;

	pgtype = getBaseType(pgtype);
	element = get_element_type(pgtype);
	if (OidIsValid(element) && (type->id == CQL_TYPE_LIST || type->id == CQL_TYPE_SET || type->id == CQL_TYPE_VECTOR))
		return scyllaExplainMismatch(type->child[0], element);
	return is_composite(type, pgtype) ? explain_composite(type, pgtype) : NULL;
}

bool
scyllaChooseCollection(ScyllaConverter *c)
{
	return choose_array(c) || choose_pg_vector(c) || choose_composite(c);
}
