/*
 * fdw/type/collection.c
 *	  Lists, sets and vectors as arrays, and vectors as pgvector's vector.
 *
 * Backend thread. Owns nothing: the converter of the elements is a child, made once
 * with its parent; values go to CurrentMemoryContext.
 *
 * Invariants: no null is written into a list, set or vector, as the server refuses
 * it or, worse, takes it; a count from the wire is trusted for an
 * allocation only up to the number of bytes that came with it.
 *
 * Embeddings are the bulk of what is loaded, so vectors of float and double go
 * between an array or pgvector's vector and the wire in one loop.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

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
	Assert(n == it.count);
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

static bool
choose_array(ScyllaConverter *c, ScyllaMakeChild make_child)
{
	Oid			element = get_element_type(c->basetype);
	ScyllaConverter *child;

	if (!OidIsValid(element) || (c->cql->id != CQL_TYPE_LIST && c->cql->id != CQL_TYPE_SET &&
								 c->cql->id != CQL_TYPE_VECTOR))
		return false;
	child = make_child(c->cql->child[0], element, c->typmod);
	if (!child)
		return false;
	c->child = palloc(sizeof(ScyllaConverter *));
	c->child[0] = child;
	c->nchildren = 1;

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

bool
scyllaChooseCollection(ScyllaConverter *c, ScyllaMakeChild make_child)
{
	return choose_array(c, make_child) || choose_pg_vector(c);
}
