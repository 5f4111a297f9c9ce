/*
 * cql/type_wire.c
 *	  Type trees from the wire: the [option] of metadata.
 *
 * Thread: any.
 * Owns: nothing; trees live in the caller's arena.
 * Invariants: no tree built here is deeper than CQL_TYPE_MAX_DEPTH, and no child
 * is NULL. A count from the wire is held against the bytes left before it is used
 * to allocate.
 */
#include "cql/type_wire.h"

#include "cql/type_build.h"
#include "cql/type_text.h"

#define MIN_OPTION_SIZE 2		/* the id alone */
#define MIN_FIELD_SIZE (2 + MIN_OPTION_SIZE)

static CqlType *read_option(CqlReader *r, CqlArena *arena, int depth);

static CqlType *
read_children(CqlReader *r, CqlArena *arena, CqlTypeId id, uint32_t count, int depth)
{
	CqlType    *type;

	if (count > cql_reader_left(r) / MIN_OPTION_SIZE)
		return NULL;
	type = cql_type_new(arena, id, count);
	if (!type)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
	{
		type->child[i] = read_option(r, arena, depth + 1);
		if (!type->child[i])
			return NULL;
	}
	return type;
}

static CqlType *
read_udt(CqlReader *r, CqlArena *arena, int depth)
{
	CqlString	keyspace = cql_get_string(r);
	CqlString	name = cql_get_string(r);
	uint16_t	count = cql_get_u16(r);
	CqlType    *type;

	if (r->failed || count > cql_reader_left(r) / MIN_FIELD_SIZE)
		return NULL;
	type = cql_type_new(arena, CQL_TYPE_UDT, count);
	if (!type)
		return NULL;
	type->keyspace = cql_type_name_copy(arena, keyspace);
	type->name = cql_type_name_copy(arena, name);
	for (uint16_t i = 0; i < count; i++)
	{
		type->field[i] = cql_type_name_copy(arena, cql_get_string(r));
		type->child[i] = read_option(r, arena, depth + 1);
		if (!type->field[i] || !type->child[i])
			return NULL;
	}
	return type->keyspace && type->name ? type : NULL;
}

static CqlType *
read_custom(CqlReader *r, CqlArena *arena, int depth)
{
	CqlString	class = cql_get_string(r);

	return r->failed ? NULL : cql_type_class_at(class, arena, depth);
}

static CqlType *
read_option(CqlReader *r, CqlArena *arena, int depth)
{
	uint16_t	id = cql_get_u16(r);

	if (r->failed || depth >= CQL_TYPE_MAX_DEPTH)
		return NULL;
	switch (id)
	{
		case CQL_TYPE_CUSTOM:
			return read_custom(r, arena, depth);
		case CQL_TYPE_LIST:
		case CQL_TYPE_SET:
			return read_children(r, arena, id, 1, depth);
		case CQL_TYPE_MAP:
			return read_children(r, arena, id, 2, depth);
		case CQL_TYPE_TUPLE:
			return read_children(r, arena, id, cql_get_u16(r), depth);
		case CQL_TYPE_UDT:
			return read_udt(r, arena, depth);
		default:
			return cql_type_native_name(id) ? cql_type_new(arena, id, 0) : NULL;
	}
}

CqlType *
cql_type_read(CqlReader *r, CqlArena *arena)
{
	CqlType    *type = read_option(r, arena, 0);

	CORE_ASSERT(!type || cql_type_is_whole(type, CQL_TYPE_MAX_DEPTH));
	if (!type)
		r->failed = true;
	return type;
}
