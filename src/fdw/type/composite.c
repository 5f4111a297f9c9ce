/*
 * fdw/type/composite.c
 *	  Tuples and user types as composite types.
 *
 * Backend thread. Owns nothing: converters of fields are children, made once with
 * their parent; values go to CurrentMemoryContext.
 *
 * Invariants: each child has an attribute of its own; no attribute is without a field.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "fdw/compat.h"
#include "fdw/type/composite.h"

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

	Assert(HeapTupleHeaderGetTypeId(row) == self->basetype);
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

int
scyllaLiveAttributes(TupleDesc desc)
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
add_fields(ScyllaConverter *c, RowShape *shape, uint32 n, ScyllaMakeChild make_child)
{
	bool	   *taken = palloc0_array(bool, shape->desc->natts);

	for (uint32 i = 0; i < n; i++)
	{
		int			field = scyllaAttributeOfField(shape->desc, c->cql, i);
		Form_pg_attribute att = field >= 0 ? TupleDescAttr(shape->desc, field) : NULL;
		ScyllaConverter *child;

		if (!att || taken[field])
			return false;
		child = make_child(c->cql->child[i], att->atttypid, att->atttypmod);
		if (!child)
			return false;
		c->child[c->nchildren++] = child;
		taken[field] = true;
		shape->attribute[i] = field;
	}
	return true;
}

bool
scyllaIsComposite(const CqlType *type, Oid pgtype)
{
	return (type->id == CQL_TYPE_UDT || type->id == CQL_TYPE_TUPLE) && type->count > 0 &&
		get_typtype(pgtype) == TYPTYPE_COMPOSITE;
}

/*
 * Attributes and fields must pair off, or a value would be lost. But fields that a
 * user type has got behind those it had may be missing here: they are not read, and
 * a value is written without them, as everybody's values were before.
 */
bool
scyllaChooseComposite(ScyllaConverter *c, ScyllaMakeChild make_child)
{
	RowShape   *shape;
	uint32		n;

	if (!scyllaIsComposite(c->cql, c->basetype))
		return false;
	shape = palloc(sizeof(RowShape));
	shape->desc = lookup_rowtype_tupdesc_copy(c->basetype, -1);
	shape->attribute = palloc_array(int, c->cql->count);
	c->child = palloc_array(ScyllaConverter *, c->cql->count);
	n = (uint32) scyllaLiveAttributes(shape->desc);
	if (n == 0 || n > c->cql->count || (n < c->cql->count && c->cql->id == CQL_TYPE_TUPLE) || !add_fields(c, shape, n, make_child))
		return false;
	Assert(c->nchildren == (int) n);
	c->partial = n < c->cql->count;
	c->extra = shape;
	c->encode = encode_composite;
	c->decode = decode_composite;
	return true;
}
