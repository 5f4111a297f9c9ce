/*
 * test/converter/converter.c
 *	  The converters behind SQL functions: what a value becomes on the wire, and back.
 *
 * Backend thread. Owns the type and the bytes of the latest call. Types are CQL
 * text; there is one user type, address.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "aborts.h"
#include "cql/type_text.h"
#include "fdw/compat.h"
#include "fdw/type/json.h"
#include "fdw/type/literal.h"
#include "fdw/type/scalar_text.h"
#include "fdw/type/typemap.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(cql_encode);
PG_FUNCTION_INFO_V1(cql_decode);
PG_FUNCTION_INFO_V1(cql_json);
PG_FUNCTION_INFO_V1(cql_literal);
PG_FUNCTION_INFO_V1(cql_match);
PG_FUNCTION_INFO_V1(cql_aborts);

#define MARSHAL "org.apache.cassandra.db.marshal."

/* address: street text, "Zip" int, tags frozen<set<text>> */
static const char address[] = MARSHAL "UserType(ks,61646472657373,737472656574:" MARSHAL
"UTF8Type,5a6970:" MARSHAL "Int32Type,74616773:" MARSHAL "FrozenType(" MARSHAL "SetType("
MARSHAL "UTF8Type)))";

static CqlArena arena;

static CqlType *
resolve(const char *name, void *context, CqlArena *to)
{
	if (strcmp(name, "address") != 0)
		return NULL;
	return cql_type_from_class(address, strlen(address), to);
}

static CqlType *
typeOfText(text *t)
{
	CqlType    *type;

	cql_arena_free(&arena);
	type = cql_type_from_schema(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &arena, resolve, NULL);
	if (!type)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("no CQL type: \"%s\"", text_to_cstring(t))));
	return type;
}

/* In memory of just its size, so that a sanitizer sees a read past its end. */
static CqlBytes
bytesOf(bytea *b)
{
	static uint8 *copy;
	CqlBytes	body = {NULL, VARSIZE_ANY_EXHDR(b)};

	free(copy);
	copy = malloc(body.len);
	if (!copy)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	body.data = memcpy(copy, VARDATA_ANY(b), body.len);
	return body;
}

/*
 * cql_encode(cql text, value anyelement) returns bytea. The value goes behind bytes of another,
 * as in a request, so that a converter that assumes an empty buffer shows.
 */
Datum
cql_encode(PG_FUNCTION_ARGS)
{
	CqlType    *type = typeOfText(PG_GETARG_TEXT_PP(0));
	ScyllaConverter *c = scyllaMakeConverter(type, get_fn_expr_argtype(fcinfo->flinfo, 1), -1);
	static CqlBuffer out;
	size_t		start = 3;

	cql_buffer_reset(&out);
	cql_put_raw(&out, "abc", start);
	c->encode(c, PG_GETARG_DATUM(1), &out);
	if (out.failed)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	PG_RETURN_BYTEA_P(cstring_to_text_with_len((char *) out.data + start, out.len - start));
}

/* cql_decode(cql text, body bytea, type text) returns text */
Datum
cql_decode(PG_FUNCTION_ARGS)
{
	CqlType    *type = typeOfText(PG_GETARG_TEXT_PP(0));
	CqlBytes	body = bytesOf(PG_GETARG_BYTEA_PP(1));
	Oid			pgtype;
	int32		typmod;
	Oid			output;
	bool		varlena;
	bool		isnull = false;
	ScyllaConverter *c;
	Datum		value;

#if PG_VERSION_NUM >= 160000
	parseTypeString(text_to_cstring(PG_GETARG_TEXT_PP(2)), &pgtype, &typmod, NULL);
#else
	parseTypeString(text_to_cstring(PG_GETARG_TEXT_PP(2)), &pgtype, &typmod, false);
#endif
	c = scyllaMakeConverter(type, pgtype, typmod);
	value = c->decode(c, body, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	getTypeOutputInfo(pgtype, &output, &varlena);
	PG_RETURN_TEXT_P(cstring_to_text(OidOutputFunctionCall(output, value)));
}

/* cql_json(cql text, body bytea) returns text; a null body is a null value */
Datum
cql_json(PG_FUNCTION_ARGS)
{
	CqlType    *type = typeOfText(PG_GETARG_TEXT_PP(0));
	CqlBytes	null = {NULL, -1};
	StringInfoData out;

	initStringInfo(&out);
	scyllaAppendJson(&out, type, PG_ARGISNULL(1) ? null : bytesOf(PG_GETARG_BYTEA_PP(1)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* cql_literal(cql text, body bytea) returns text */
Datum
cql_literal(PG_FUNCTION_ARGS)
{
	CqlType    *type = typeOfText(PG_GETARG_TEXT_PP(0));
	CqlBytes	null = {NULL, -1};
	StringInfoData out;

	initStringInfo(&out);
	scyllaAppendLiteral(&out, type, PG_ARGISNULL(1) ? null : bytesOf(PG_GETARG_BYTEA_PP(1)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* cql_match(cql text, type regtype) returns boolean */
Datum
cql_match(PG_FUNCTION_ARGS)
{
	CqlType    *type = typeOfText(PG_GETARG_TEXT_PP(0));

	PG_RETURN_BOOL(scyllaTypesMatch(type, PG_GETARG_OID(1), -1));
}

/* ---- invariants that a caller breaks ---- */

typedef struct Violation
{
	const char *what;
	void		(*commit) (void);
	const char *condition;
} Violation;

static const CqlType int_type = {.id = CQL_TYPE_INT};

static void
write_scalar(const uint8 *data, int32 len)
{
	StringInfoData out;

	initStringInfo(&out);
	scyllaAppendScalarText(&out, &int_type, (CqlBytes) {data, len});
}

static void
write_empty_scalar(void)
{
	write_scalar((const uint8 *) "", 0);
}

static void
write_null(void)
{
	write_scalar(NULL, -1);
}

static void
begin_element_of_scalar(void)
{
	CqlBuffer	buffer = {0};

	(void) scyllaBeginElement(&buffer, &int_type);
}

static const Violation violations[] =
{
	{"empty scalar as text", write_empty_scalar, "!scyllaIsEmptyScalar(type, body)"},
	{"null as text", write_null, "body.len >= 0"},
	{"element of a scalar", begin_element_of_scalar, "type->id >= CQL_TYPE_LIST"},
};

/* In a child process, which must not go on as a second backend. */
static void
violate(void *argument)
{
	const Violation *violation = argument;

	PG_TRY();
	{
		violation->commit();
	}
	PG_CATCH();
	{
		_exit(1);
	}
	PG_END_TRY();
}

/* cql_aborts(what text) returns boolean: whether that is seen, and ends the process */
Datum
cql_aborts(PG_FUNCTION_ARGS)
{
	char	   *what = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (size_t i = 0; i < lengthof(violations); i++)
		if (strcmp(what, violations[i].what) == 0)
			PG_RETURN_BOOL(aborts(violate, unconstify(Violation *, &violations[i]), violations[i].condition));
	PG_RETURN_NULL();
}
