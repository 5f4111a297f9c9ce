/*
 * fdw/type/json.c
 *	  CQL values as JSON, and json and jsonb columns.
 *
 * Backend thread. Owns nothing. Invariants: recursion follows the type, whose depth
 * CQL_TYPE_MAX_DEPTH bounds, not the document; what a document has and the type has
 * not is an error.
 *
 * Lists, sets, vectors and tuples are arrays; maps are objects whose keys are in
 * text form, or JSON in a string where the key is no scalar; user types are objects.
 * Numbers and booleans are bare, except NaN and the infinities, which JSON lacks,
 * and numbers that numeric, hence jsonb, cannot hold; every other scalar is a string. Any scalar is also taken as a string.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "fdw/compat.h"
#include "fdw/type/json.h"
#include "fdw/type/scalar_text.h"

/* ---- CQL to JSON ---- */

static void
append_scalar_form(StringInfo out, const CqlType *type, CqlBytes body)
{
	if (type->id == CQL_TYPE_DURATION)
		scyllaAppendIsoDuration(out, type, body);
	else
		scyllaAppendScalarText(out, type, body);
}

static bool
is_bare(const CqlType *type, CqlBytes body, const char *text, int len)
{
	switch (type->id)
	{
		case CQL_TYPE_BOOLEAN:
			return true;
		case CQL_TYPE_TINYINT:
		case CQL_TYPE_SMALLINT:
		case CQL_TYPE_INT:
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
			return true;
		case CQL_TYPE_VARINT:
		case CQL_TYPE_DECIMAL:
			return scyllaFitsNumeric(type, body, text);
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DOUBLE:
			/* not NaN, Infinity */
			return isdigit((unsigned char) text[len - 1]);
		default:
			return false;
	}
}

static void
append_scalar(StringInfo out, const CqlType *type, CqlBytes body)
{
	StringInfoData text;

	if (scyllaIsEmptyScalar(type, body))
	{
		appendStringInfoString(out, "null");
		return;
	}
	initStringInfo(&text);
	append_scalar_form(&text, type, body);
	if (is_bare(type, body, text.data, text.len))
		appendBinaryStringInfo(out, text.data, text.len);
	else
		escape_json(out, text.data);
	pfree(text.data);
}

static void
append_key(StringInfo out, const CqlType *type, CqlBytes body)
{
	StringInfoData text;

	initStringInfo(&text);
	if (!scyllaIsScalar(type))
		scyllaAppendJson(&text, type, body);
	else if (!scyllaIsEmptyScalar(type, body))
		append_scalar_form(&text, type, body);
	escape_json(out, text.data);
	pfree(text.data);
}

static void
append_members(StringInfo out, const CqlType *type, CqlElements *it)
{
	const CqlType *child;
	CqlBytes	body;
	uint32		n = 0;

	for (; cql_elements_next(it, &child, &body); n++)
	{
		bool		value = type->id == CQL_TYPE_MAP && n % 2 == 1;

		if (n > 0)
			appendStringInfoString(out, value ? ": " : ", ");
		if (type->id == CQL_TYPE_MAP && !value)
		{
			append_key(out, child, body);
			continue;
		}
		if (type->id == CQL_TYPE_UDT)
		{
			escape_json(out, pg_any_to_server(type->field[n], strlen(type->field[n]), PG_UTF8));
			appendStringInfoString(out, ": ");
		}
		scyllaAppendJson(out, child, body);
	}
	if (it->r.failed)
		scyllaMalformed(type);
}

void
scyllaAppendJson(StringInfo out, const CqlType *type, CqlBytes body)
{
	bool		object = type->id == CQL_TYPE_MAP || type->id == CQL_TYPE_UDT;
	CqlElements it;

	if (body.len < 0 || (type->id == CQL_TYPE_VECTOR && body.len == 0))
	{
		appendStringInfoString(out, "null");
		return;
	}
	if (scyllaIsScalar(type))
	{
		append_scalar(out, type, body);
		return;
	}
	scyllaBeginElements(&it, type, body);
	appendStringInfoChar(out, object ? '{' : '[');
	append_members(out, type, &it);
	appendStringInfoChar(out, object ? '}' : ']');
}

/* ---- JSON to CQL ---- */

static void put_json(CqlBuffer *out, const CqlType *type, const JsonbValue *value);

/* What JSON has for the type. */
static const char *
wanted_form(const CqlType *type, const JsonbValue *value)
{
	if (scyllaIsText(type) && value->type == jbvNumeric)
		return psprintf("Write it as a string: \"%s\".",
						DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric))));
	if (scyllaIsText(type))
		return "Write it as a string: \"text\".";
	if (scyllaIsBlob(type))
		return "Write it as a string of hexadecimal digits: \"0xcafe\".";
	switch (type->id)
	{
		case CQL_TYPE_BOOLEAN:
			return "Write it as true or false.";
		case CQL_TYPE_TINYINT:
		case CQL_TYPE_SMALLINT:
		case CQL_TYPE_INT:
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
		case CQL_TYPE_VARINT:
		case CQL_TYPE_DECIMAL:
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DOUBLE:
			return "Write it as a number.";
		case CQL_TYPE_MAP:
			return "Write it as an object: {\"key\": value, ...}.";
		case CQL_TYPE_UDT:
			return "Write it as an object: {\"field\": value, ...}.";
		case CQL_TYPE_LIST:
		case CQL_TYPE_SET:
		case CQL_TYPE_TUPLE:
		case CQL_TYPE_VECTOR:
			return "Write it as an array: [value, ...].";
		default:
			return "Write it as a string.";
	}
}

static void raise_form(const CqlType *type, const JsonbValue *value) __attribute__((noreturn));

static void
raise_form(const CqlType *type, const JsonbValue *value)
{
	JsonbValue	copy = *value;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("JSON %s cannot be converted to CQL type %s", JsonbTypeName(&copy),
					scyllaCqlTypeName(type)),
			 errhint("%s", wanted_form(type, value))));
}

static void
put_scalar(CqlBuffer *out, const CqlType *type, const JsonbValue *value)
{
	char	   *text;

	switch (value->type)
	{
		case jbvString:
			scyllaPutScalarText(out, type, value->val.string.val, value->val.string.len);
			return;
		case jbvNumeric:
			/* A number is no string of characters, nor of bytes. */
			if (scyllaIsText(type) || scyllaIsBlob(type))
				raise_form(type, value);
			text = DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
			scyllaPutScalarText(out, type, text, strlen(text));
			return;
		case jbvBool:
			if (type->id != CQL_TYPE_BOOLEAN)
				raise_form(type, value);
			cql_put_u8(out, value->val.boolean);
			return;
		default:
			raise_form(type, value);
	}
}

/* An element of a collection, or null where the type may hold one. */
static void
put_member(CqlBuffer *out, const CqlType *type, const CqlType *child, const JsonbValue *value)
{
	size_t		mark;

	if (value->type == jbvNull)
	{
		if (type->id != CQL_TYPE_TUPLE && type->id != CQL_TYPE_UDT)
			scyllaRefuseNull(type);
		cql_put_null(out);
		return;
	}
	mark = scyllaBeginElement(out, type);
	put_json(out, child, value);
	scyllaEndElement(out, type, mark);
}

static void
check_length(const CqlType *type, int n)
{
	if (type->id == CQL_TYPE_VECTOR)
		scyllaCheckDimension(type, n);
	else if (type->id == CQL_TYPE_TUPLE && (uint32) n != type->count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u elements for CQL type %s, not %d", type->count,
						scyllaCqlTypeName(type), n)));
}

static void
put_array(CqlBuffer *out, const CqlType *type, JsonbContainer *array)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue	value;
	JsonbIteratorToken token;
	int			n = JsonContainerSize(array);

	check_length(type, n);
	if (type->id == CQL_TYPE_LIST || type->id == CQL_TYPE_SET)
		cql_put_element_count(out, n);
	n = 0;
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		put_member(out, type, type->child[type->id == CQL_TYPE_TUPLE ? n : 0], &value);
		n++;
	}
}

/* A key is always a string: of a scalar's text, or of a document. */
static void
put_key(CqlBuffer *out, const CqlType *map, const JsonbValue *key)
{
	const CqlType *type = map->child[0];
	size_t		mark = cql_begin_value(out);

	if (scyllaIsScalar(type))
		scyllaPutScalarText(out, type, key->val.string.val, key->val.string.len);
	else
	{
		char	   *text = pnstrdup(key->val.string.val, key->val.string.len);
		JsonbValue	value;

		JsonbToJsonbValue(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))),
						  &value);
		put_json(out, type, &value);
	}
	cql_end_value(out, mark);
}

static void
put_map(CqlBuffer *out, const CqlType *type, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	value;
	JsonbIteratorToken token;

	cql_put_element_count(out, JsonContainerSize(object));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			put_key(out, type, &value);
		else if (token == WJB_VALUE)
			put_member(out, type, type->child[1], &value);
	}
}

static void
raise_unknown_field(const CqlType *type, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	key;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *name = token == WJB_KEY ? pnstrdup(key.val.string.val, key.val.string.len) : NULL;
		uint32		i = 0;

		while (name && i < type->count &&
			   strcmp(name, pg_any_to_server(type->field[i], strlen(type->field[i]), PG_UTF8)) != 0)
			i++;
		if (name && i == type->count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("CQL type %s has no field \"%s\"", scyllaCqlTypeName(type), name)));
	}
}

/* A field that is not named is null; a name that is no field would be lost. */
static void
put_fields(CqlBuffer *out, const CqlType *type, JsonbContainer *object)
{
	uint32		found = 0;

	for (uint32 i = 0; i < type->count; i++)
	{
		char	   *name = pg_any_to_server(type->field[i], strlen(type->field[i]), PG_UTF8);
		JsonbValue	storage;
		JsonbValue *value = getKeyJsonValueFromContainer(object, name, strlen(name), &storage);

		if (!value)
		{
			cql_put_null(out);
			continue;
		}
		found++;
		put_member(out, type, type->child[i], value);
	}
	if (found != JsonContainerSize(object))
		raise_unknown_field(type, object);
}

static void
put_json(CqlBuffer *out, const CqlType *type, const JsonbValue *value)
{
	bool		object = type->id == CQL_TYPE_MAP || type->id == CQL_TYPE_UDT;
	JsonbContainer *container = value->type == jbvBinary ? value->val.binary.data : NULL;

	if (scyllaIsScalar(type) && !container)
		put_scalar(out, type, value);
	else if (scyllaIsScalar(type) || !container || JsonContainerIsScalar(container) ||
			 JsonContainerIsObject(container) != object)
		raise_form(type, value);
	else if (type->id == CQL_TYPE_MAP)
		put_map(out, type, container);
	else if (object)
		put_fields(out, type, container);
	else
		put_array(out, type, container);
}

/* ---- columns ---- */

/* A document that is a bare scalar is stored as an array of one. */
static void
encode_jsonb(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	Jsonb	   *document = DatumGetJsonbP(value);
	JsonbValue	root;

	if (!JB_ROOT_IS_SCALAR(document) || !JsonbExtractScalar(&document->root, &root))
		JsonbToJsonbValue(document, &root);
	put_json(out, self->cql, &root);
}

static Datum
jsonb_of_text(char *text)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

static void
encode_json(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	encode_jsonb(self, jsonb_of_text(TextDatumGetCString(value)), out);
}

static bool
write_json(ScyllaConverter *self, CqlBytes body, StringInfo text)
{
	if (scyllaIsEmptyScalar(self->cql, body) ||
		(self->cql->id == CQL_TYPE_VECTOR && body.len == 0))
		return false;
	initStringInfo(text);
	scyllaAppendJson(text, self->cql, body);
	return true;
}

static Datum
decode_jsonb(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	StringInfoData text;

	*isnull = !write_json(self, body, &text);
	return *isnull ? (Datum) 0 : jsonb_of_text(text.data);
}

static Datum
decode_json(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	StringInfoData text;

	*isnull = !write_json(self, body, &text);
	return *isnull ? (Datum) 0 : PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
}

bool
scyllaChooseJson(ScyllaConverter *c)
{
	if (c->basetype != JSONOID && c->basetype != JSONBOID)
		return false;
	c->encode = c->basetype == JSONOID ? encode_json : encode_jsonb;
	c->decode = c->basetype == JSONOID ? decode_json : decode_jsonb;
	return true;
}
