/*
 * fdw/import/import_type.c
 *	  The PostgreSQL type that IMPORT FOREIGN SCHEMA gives a CQL type.
 *
 * Backend thread. Owns a map's arena of type trees, freed with the map's context.
 *
 * Invariants: what it names, typemap converts from and to; and a user type's
 * composite type has the same name whoever asks, as import must find what the user
 * made from scyllaListUserTypes: it depends on what is in the keyspace alone.
 *
 * User types are built before they are used: in rounds, each of which builds those
 * whose own parts are built. The resolver just looks them up, so it neither
 * recurses nor raises in the middle of the core's parser.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "cql/type_text.h"
#include "fdw/compat.h"
#include "fdw/import/import_name.h"
#include "fdw/import/import_type.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/type/collection.h"
#include "fdw/type/typemap.h"

#define MAX_TYPE_SIZE 100000	/* nodes of a tree; a chain of types doubles it with each link */

typedef struct UserType
{
	const ScyllaUserType *source;
	CqlType    *type;			/* NULL: a part of it is unknown, or it is too large */
	int			depth;
	int			size;
	char	   *composite;		/* local name; NULL: jsonb */
	char	   *refused;		/* name of the field that no composite type can have */
	bool		checked;		/* the composite type is there and fits, or its lack is told */
} UserType;

struct ScyllaTypeMap
{
	List	   *types;			/* UserType *: those that are built, each behind its parts, then the others */
	const char *schema;			/* of composite types; NULL: none are used */
	bool		check;			/* composite types have to be there */
	Oid			vector;			/* pgvector's */
	CqlArena	arena;
	MemoryContextCallback callback;
};

static const struct
{
	CqlTypeId	cql;
	Oid			pg;
}			scalars[] = {
	{CQL_TYPE_TINYINT, INT2OID},
	{CQL_TYPE_SMALLINT, INT2OID},
	{CQL_TYPE_INT, INT4OID},
	{CQL_TYPE_BIGINT, INT8OID},
	{CQL_TYPE_COUNTER, INT8OID},
	{CQL_TYPE_VARINT, NUMERICOID},
	{CQL_TYPE_DECIMAL, NUMERICOID},
	{CQL_TYPE_FLOAT, FLOAT4OID},
	{CQL_TYPE_DOUBLE, FLOAT8OID},
	{CQL_TYPE_BOOLEAN, BOOLOID},
	{CQL_TYPE_TEXT, TEXTOID},
	{CQL_TYPE_ASCII, TEXTOID},
	{CQL_TYPE_BLOB, BYTEAOID},
	{CQL_TYPE_UUID, UUIDOID},
	{CQL_TYPE_TIMEUUID, UUIDOID},
	{CQL_TYPE_TIMESTAMP, TIMESTAMPTZOID},
	{CQL_TYPE_DATE, DATEOID},
	{CQL_TYPE_TIME, TIMEOID},
	{CQL_TYPE_DURATION, INTERVALOID},
	{CQL_TYPE_INET, INETOID},
};

/* ---- trees ---- */

static UserType *
find_type(const ScyllaTypeMap *map, const char *name)
{
	ListCell   *lc;

	foreach(lc, map->types)
	{
		UserType   *type = lfirst(lc);

		if (strcmp(type->source->name, name) == 0)
			return type;
	}
	return NULL;
}

/* What is not built, or no user type at all, becomes one without fields. */
static CqlType *
resolve(const char *name, void *context, CqlArena *arena)
{
	UserType   *type = find_type(context, name);

	return type ? type->type : NULL;
}

static void
check_memory(const ScyllaTypeMap *map)
{
	if (map->arena.failed)
		scyllaRaiseOutOfMemory();
}

/* NULL: nothing that the parser knows. */
CqlType *
scyllaParseImportType(ScyllaTypeMap *map, const char *text)
{
	CqlType    *type = cql_type_from_schema(text, strlen(text), &map->arena, resolve, map);

	check_memory(map);
	return type;
}

/* Depth and size of a tree, from those of the user types in it, which are known. */
static void
measure(const ScyllaTypeMap *map, const CqlType *type, int *depth, int *size)
{
	UserType   *user = type->id == CQL_TYPE_UDT ? find_type(map, type->name) : NULL;

	*depth = user ? user->depth : 0;
	*size = user ? user->size : 1;
	for (uint32 i = 0; !user && i < type->count; i++)
	{
		int			child_depth;
		int			child_size;

		measure(map, type->child[i], &child_depth, &child_size);
		*depth = Max(*depth, child_depth);
		*size = Min(*size + child_size, MAX_TYPE_SIZE);
	}
	if (!user)
		(*depth)++;
}

static bool
has_unknown(const CqlType *type)
{
	if (type->id == CQL_TYPE_UDT)
		return type->count == 0;
	for (uint32 i = 0; i < type->count; i++)
	{
		if (has_unknown(type->child[i]))
			return true;
	}
	return false;
}

/* False: a part of it is not built. */
static bool
build(ScyllaTypeMap *map, UserType *user)
{
	uint32		count = (uint32) list_length(user->source->fields);
	CqlType    *type = cql_arena_alloc(&map->arena, sizeof(*type));
	CqlType   **child = cql_arena_alloc(&map->arena, count * sizeof(*child));
	const char **field = cql_arena_alloc(&map->arena, count * sizeof(*field));

	check_memory(map);
	for (uint32 i = 0; i < count; i++)
	{
		child[i] = scyllaParseImportType(map, list_nth(user->source->types, i));
		if (!child[i] || has_unknown(child[i]))
			return false;
		field[i] = list_nth(user->source->fields, i);
	}
	type->id = CQL_TYPE_UDT;
	type->name = user->source->name;
	type->count = count;
	type->child = child;
	type->field = field;
	measure(map, type, &user->depth, &user->size);
	if (user->depth > CQL_TYPE_MAX_DEPTH || user->size >= MAX_TYPE_SIZE)
		return false;
	user->type = type;
	return true;
}

static void
build_types(ScyllaTypeMap *map, List *sources)
{
	List	   *waiting = NIL;
	bool		progress = true;
	ListCell   *lc;

	foreach(lc, sources)
	{
		UserType   *type = palloc0(sizeof(*type));

		type->source = lfirst(lc);
		waiting = lappend(waiting, type);
	}
	while (progress)
	{
		progress = false;
		foreach(lc, waiting)
		{
			UserType   *type = lfirst(lc);

			if (!build(map, type))
				continue;
			map->types = lappend(map->types, type);
			waiting = foreach_delete_current(waiting, lc);
			progress = true;
		}
		CHECK_FOR_INTERRUPTS();
	}
	map->types = list_concat(map->types, waiting);
}

/* ---- names of composite types ---- */

/* A composite type is in pg_class, beside the tables. */
static bool
is_taken(const ScyllaTypeMap *map, List *relations, const char *name)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		ScyllaImportName *relation = scyllaMakeImportName(((ScyllaSchemaRelation *) lfirst(lc))->name, SCYLLA_FOLD_KEEP);

		if (relation->local && pg_strcasecmp(relation->local, name) == 0)
			return true;
	}
	foreach(lc, map->types)
	{
		UserType   *other = lfirst(lc);

		if (other->composite && strcmp(other->composite, name) == 0)
			return true;
	}
	return false;
}

static char *
free_name(const ScyllaTypeMap *map, List *relations, const char *wanted)
{
	static const char suffix[] = "_type";
	char	   *name = pstrdup(wanted);

	for (int kept = NAMEDATALEN - 1; is_taken(map, relations, name) && kept > 0; kept--)
	{
		int			length = pg_mbcliplen(name, (int) strlen(name), kept - (int) strlen(suffix));

		name = psprintf("%.*s%s", length, name, suffix);
	}
	return name;
}

/* The first name that PostgreSQL cannot write in full, as the converter goes by names; NULL: none. */
static char *
refused_field(const ScyllaUserType *source)
{
	ListCell   *lc;

	foreach(lc, source->fields)
	{
		ScyllaImportName *field = scyllaMakeImportName(lfirst(lc), SCYLLA_FOLD_KEEP);

		if (!field->local || field->changed)
			return pstrdup(field->remote);
	}
	return NULL;
}

static void
name_composite(const ScyllaTypeMap *map, List *relations, UserType *user)
{
	ScyllaImportName *name = scyllaMakeImportName(user->source->name, SCYLLA_FOLD_KEEP);

	user->refused = refused_field(user->source);
	if (name->local && !user->refused && user->type && user->type->count <= MaxHeapAttributeNumber)
		user->composite = free_name(map, relations, name->local);
}

/* Once, where composite types are asked for. */
static void
warn_of_jsonb(const ScyllaTypeMap *map, UserType *user)
{
	if (!map->schema || user->composite || user->checked)
		return;
	user->checked = true;
	ereport(WARNING,
			(errmsg("user-defined type \"%s\" has no composite type and is jsonb",
					scyllaMakeImportName(user->source->name, SCYLLA_FOLD_KEEP)->remote),
			 user->refused ? errdetail("The name of its field \"%s\" is longer than %d bytes, or the database's encoding lacks its characters.",
									   user->refused, NAMEDATALEN - 1) : 0));
}

ScyllaTypeMap *
scyllaMakeTypeMap(ScyllaKeyspace *keyspace, List *relations, const char *schema)
{
	ScyllaTypeMap *map = palloc0(sizeof(*map));
	ListCell   *lc;

	map->schema = schema;
	map->check = true;
	map->vector = scyllaPgVectorType();
	scyllaTieArena(&map->callback, &map->arena);
	build_types(map, scyllaReadUserTypes(keyspace));
	foreach(lc, schema ? map->types : NIL)
		name_composite(map, relations, lfirst(lc));
	return map;
}

/* ---- PostgreSQL types ---- */

/* What the wire makes of a type whose name nobody knows is a custom type. */
static bool
is_custom(const ScyllaTypeMap *map, const CqlType *type)
{
	return type->id == CQL_TYPE_CUSTOM || (type->id == CQL_TYPE_UDT && !find_type(map, type->name));
}

/* The composite type has to be there, and its attributes have to take the fields. */
static void
check_composite(ScyllaTypeMap *map, UserType *user)
{
	Oid			schema = get_namespace_oid(map->schema, false);
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(user->composite),
									   ObjectIdGetDatum(schema));

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type \"%s.%s\" does not exist", map->schema, user->composite),
				 errhint("Run the statements that scylla_fdw_udt_types returns first.")));
	if (!scyllaTypesMatch(user->type, type, -1))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type \"%s.%s\" does not fit CQL type %s", map->schema, user->composite,
						scyllaCqlTypeName(user->type)),
				 errhint("Make it anew by the statement that scylla_fdw_udt_types returns.")));
	user->checked = true;
}

static char *
user_text(ScyllaTypeMap *map, UserType *user)
{
	warn_of_jsonb(map, user);
	Assert(user->composite == NULL || user->type != NULL);
	if (!user->composite)
		return format_type_be(JSONBOID);
	if (map->check && !user->checked)
		check_composite(map, user);
	return quote_qualified_identifier(map->schema, user->composite);
}

static bool
is_composite(const ScyllaTypeMap *map, const CqlType *type)
{
	UserType   *user = find_type(map, type->name);

	return user && user->composite;
}

/* PostgreSQL has no arrays of arrays, and arrays of documents would be half of each. */
static bool
has_array(const ScyllaTypeMap *map, const CqlType *element)
{
	switch (element->id)
	{
		case CQL_TYPE_LIST:
		case CQL_TYPE_SET:
		case CQL_TYPE_MAP:
		case CQL_TYPE_TUPLE:
			return false;
		case CQL_TYPE_VECTOR:
			return OidIsValid(map->vector) && scyllaSuitsPgVector(element);
		case CQL_TYPE_UDT:
			return is_custom(map, element) || is_composite(map, element);
		default:
			return true;
	}
}

static char *
array_text(ScyllaTypeMap *map, const CqlType *type)
{
	if (!has_array(map, type->child[0]))
		return format_type_be(JSONBOID);
	return psprintf("%s[]", scyllaImportTypeText(map, type->child[0]));
}

static char *
scalar_text(const CqlType *type)
{
	for (size_t i = 0; i < lengthof(scalars); i++)
	{
		if (scalars[i].cql != type->id)
			continue;
		Assert(scyllaTypesMatch(type, scalars[i].pg, -1));
		return format_type_be(scalars[i].pg);
	}
	return format_type_be(BYTEAOID);
}

char *
scyllaImportTypeText(ScyllaTypeMap *map, const CqlType *type)
{
	if (is_custom(map, type))
		return format_type_be(BYTEAOID);
	switch (type->id)
	{
		case CQL_TYPE_VECTOR:
			if (OidIsValid(map->vector) && scyllaSuitsPgVector(type))
				return format_type_extended(map->vector, (int32) type->dimension,
											FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
			return array_text(map, type);
		case CQL_TYPE_LIST:
		case CQL_TYPE_SET:
			return array_text(map, type);
		case CQL_TYPE_MAP:
		case CQL_TYPE_TUPLE:
			return format_type_be(JSONBOID);
		case CQL_TYPE_UDT:
			return user_text(map, find_type(map, type->name));
		default:
			return scalar_text(type);
	}
}

char *
scyllaImportType(ScyllaTypeMap *map, const char *text)
{
	CqlType    *type = scyllaParseImportType(map, text);

	return type ? scyllaImportTypeText(map, type) : format_type_be(BYTEAOID);
}

/* ---- CREATE TYPE ---- */

static char *
create_type(ScyllaTypeMap *map, const UserType *user)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TYPE %s AS (", quote_qualified_identifier(map->schema, user->composite));
	for (uint32 i = 0; i < user->type->count; i++)
	{
		ScyllaImportName *field = scyllaMakeImportName(user->type->field[i], SCYLLA_FOLD_KEEP);

		appendStringInfo(&sql, "%s%s %s", i > 0 ? ", " : "", quote_identifier(field->local),
						 scyllaImportTypeText(map, user->type->child[i]));
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

void
scyllaListUserTypes(const char *server, const char *keyspace_name, const char *schema, ReturnSetInfo *result)
{
	ForeignServer *foreign_server = GetForeignServerByName(server, false);
	ScyllaKeyspace *keyspace;
	ScyllaTypeMap *map;
	ListCell   *lc;

	/* what IMPORT FOREIGN SCHEMA asks for */
	scyllaCheckServerUsage(foreign_server, GetUserId());
	if (schema == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("no schema has been selected to create in"),
				 errhint("Give one as the third argument, or set search_path.")));
	keyspace = scyllaOpenKeyspace(GetUserId(), foreign_server, keyspace_name);
	map = scyllaMakeTypeMap(keyspace, scyllaReadRelations(keyspace), schema);
	map->check = false;
	foreach(lc, map->types)
	{
		UserType   *user = lfirst(lc);
		Datum		value;
		bool		isnull = false;

		warn_of_jsonb(map, user);
		if (!user->composite)
			continue;
		value = CStringGetTextDatum(create_type(map, user));
		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
}
