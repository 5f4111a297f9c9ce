/*
 * fdw/type/converter.c
 *	  What the converters of all pairs of types have in common: errors, names,
 *	  pairs in a table, and the brackets around elements.
 *
 * Backend thread. Owns nothing. Invariants: NULL never comes here, whoever calls has
 * dealt with it; what is of elements is asked of collections and vectors alone.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/type/converter.h"

/* ---- names and errors ---- */

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

void
scyllaRaiseLossy(ScyllaConverter *self, int sqlstate, const char *why)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("value of type %s cannot be converted to CQL type %s: %s",
					format_type_be(self->basetype), scyllaCqlTypeName(self->cql), why)));
}

void
scyllaRaiseUnreadable(ScyllaConverter *self, int sqlstate, const char *why)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("value of CQL type %s cannot be converted to type %s: %s",
					scyllaCqlTypeName(self->cql), format_type_be(self->basetype), why)));
}

/* ---- choice ---- */

bool
scyllaChoosePair(ScyllaConverter *c, const ScyllaPair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (pairs[i].cql != c->cql->id || pairs[i].pg != c->basetype)
			continue;
		c->encode = pairs[i].encode;
		c->decode = pairs[i].decode;
		return true;
	}
	return false;
}

void
scyllaUseTextForm(ScyllaConverter *c)
{
	Oid			function;
	bool		varlena;

	getTypeOutputInfo(c->basetype, &function, &varlena);
	fmgr_info(function, &c->output);
	getTypeInputInfo(c->basetype, &function, &c->ioparam);
	fmgr_info(function, &c->input);
}

/* ---- elements ---- */

void
scyllaRefuseNull(const CqlType *type)
{
	Assert(type->id != CQL_TYPE_TUPLE && type->id != CQL_TYPE_UDT);
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("null values are not allowed inside a value of CQL type %s",
					scyllaCqlTypeName(type))));
}

void
scyllaCheckDimension(const CqlType *type, int64 n)
{
	Assert(type->id == CQL_TYPE_VECTOR);
	if (n != type->dimension)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %lld", type->dimension, (long long) n)));
}

size_t
scyllaBeginElement(CqlBuffer *out, const CqlType *type)
{
	Assert(type->id >= CQL_TYPE_LIST);
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

	Assert(body.len >= 0);
	if (!cql_elements_begin(it, type, counted && body.len == 0 ? none : body))
		scyllaMalformed(type);
}
